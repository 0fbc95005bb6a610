"""Pictures of a data set: parts, restrictions, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from taxonomy._core.errors import DataError
from taxonomy.data._pictures import Pictures


class TestPictures:
    def make(self, **changes) -> Pictures:
        values = {
            "images": np.arange(4, dtype=np.uint8)[:, None, None, None]
            * np.ones((1, 3, 2, 2), "u1"),
            "targets": np.array([0, 1, 2, 1]),
            "classes": ("a", "b", "c"),
            "splits": np.array([0, 0, 1, 1], dtype=np.uint8),
            "groups": np.array(["x", "x", "y", "y"]),
        }
        return Pictures(**values | changes)

    def test_part(self):
        part = self.make().part("val")
        assert part.images[:, 0, 0, 0].tolist() == [2, 3]
        assert part.groups.tolist() == ["y", "y"]
        with pytest.raises(DataError, match="no pictures in its test split"):
            self.make().part("test")
        with pytest.raises(DataError, match="Unknown split 'vall'"):
            self.make().part("vall")

    def test_neighbours_are_not_copied(self):
        whole = self.make()
        assert np.shares_memory(whole.part("val").images, whole.images)
        mixed = self.make(splits=np.array([0, 1, 0, 1], dtype=np.uint8)).part("train")
        assert mixed.images[:, 0, 0, 0].tolist() == [0, 2]

    def test_restrict_counts_targets_anew(self):
        part = self.make().restrict(("b", "c"))
        assert part.classes == ("b", "c")
        assert part.images[:, 0, 0, 0].tolist() == [1, 2, 3]
        assert part.targets.tolist() == [0, 1, 0]

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"targets": np.array([0])}, "differ in number"),
            ({"targets": np.array([0, 1, 2, 3])}, "no class"),
            ({"classes": ("b", "a", "c")}, "sorted"),
            ({"images": np.zeros((4, 2, 2, 2), np.uint8)}, "neither RGB nor RGBA"),
        ],
    )
    def test_inconsistent_arrays_are_refused(self, changes, message):
        with pytest.raises(DataError, match=message):
            self.make(**changes)
