"""Data sets of the package `datasets`, made in memory; skipped where it is not installed."""

from __future__ import annotations

import builtins
import io

import numpy as np
import pytest
from PIL import Image

from taxonomy._core.errors import DataError, MissingExtraError
from taxonomy.data import hub


def test_without_the_package_the_extra_is_named(monkeypatch):
    import sys

    real = builtins.__import__
    monkeypatch.delitem(sys.modules, "datasets", raising=False)

    def without(name, *rest, **keywords):
        if name.partition(".")[0] == "datasets":
            raise ModuleNotFoundError("No module named 'datasets'", name="datasets")
        return real(name, *rest, **keywords)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr("importlib.import_module", without)
    with pytest.raises(MissingExtraError, match=r"taxonomy-experts\[hub\]"):
        hub.HubDataset(name="cifar10")()


def test_a_name_is_needed():
    with pytest.raises(DataError, match=r"needs a name .`name`"):
        hub.HubDataset()()


class TestFromDataset:
    @pytest.fixture(autouse=True)
    def library(self):
        self.datasets = pytest.importorskip(
            "datasets", reason="the extra 'hub' is not installed: its reader is NOT tested"
        )

    def make(self, count, names=("cat", "dog"), labels=None, shade=0):
        d = self.datasets
        pictures = [Image.new("RGB", (9, 8), (i, shade, 7)) for i in range(count)]
        labels = [i % 2 for i in range(count)] if labels is None else labels
        features = d.Features({"image": d.Image(), "label": d.ClassLabel(names=list(names))})
        return d.Dataset.from_dict({"image": pictures, "label": labels}, features=features)

    def test_named_splits(self, tmp_path):
        splits = {"train": self.make(6), "validation": self.make(4, shade=1), "test": self.make(2)}
        loaded = self.datasets.DatasetDict(splits)
        pictures = hub.from_dataset(loaded, hub.HubDataset(resolution=8, cache=str(tmp_path)))
        assert pictures.classes == ("cat", "dog")
        assert [len(pictures.part(s)) for s in ("train", "val", "test")] == [6, 4, 2]
        part = pictures.part("val")
        assert part.targets.tolist() == [0, 1, 0, 1]
        assert part.images[:, :, 0, 0].tolist() == [[i, 1, 7] for i in range(4)]

    def test_splits_by_other_names(self, tmp_path):
        options = hub.HubDataset(resolution=8, cache=str(tmp_path))
        splits = {"Training": self.make(6), "dev": self.make(4), "testing": self.make(2)}
        pictures = hub.from_dataset(self.datasets.DatasetDict(splits), options)
        assert [len(pictures.part(s)) for s in ("train", "val", "test")] == [6, 4, 2]
        with pytest.raises(DataError, match="two splits that both mean 'val'"):
            hub.from_dataset(self.datasets.DatasetDict(splits | {"val": self.make(4)}), options)

    def test_decoded_once(self, tmp_path, monkeypatch):
        loaded = self.datasets.DatasetDict({"train": self.make(40), "test": self.make(4)})
        options = hub.HubDataset(resolution=8, cache=str(tmp_path), held_out=0.3)
        first = hub.from_dataset(loaded, options)
        monkeypatch.setattr("taxonomy.data.preprocessing.decode", None)
        again = hub.from_dataset(loaded, options)
        assert again.digest == first.digest
        assert 0 < len(first.part("val")) < 20

    def test_a_withheld_test_split_is_none(self, tmp_path):
        splits = {
            "train": self.make(40),
            "validation": self.make(4),
            "test": self.make(3, labels=[-1] * 3),
        }
        options = hub.HubDataset(resolution=8, cache=str(tmp_path), held_out=0.3)
        pictures = hub.from_dataset(self.datasets.DatasetDict(splits), options)
        assert len(pictures.part("test")) == 4
        assert len(pictures.part("val")) + len(pictures.part("train")) == 40

    def test_without_splits_they_are_drawn(self, tmp_path):
        pictures = hub.from_dataset(
            self.make(80), hub.HubDataset(resolution=4, cache=str(tmp_path))
        )
        assert np.bincount(pictures.splits, minlength=3).min() > 2

    def test_classes_by_number_or_text(self, tmp_path):
        d = self.datasets
        features = d.Features({"picture": d.Image(), "kind": d.Value("string")})
        rows = {"picture": [Image.new("L", (4, 4))] * 30, "kind": ["b", "a", "c"] * 10}
        loaded = d.Dataset.from_dict(rows, features=features)
        with pytest.raises(DataError, match=r"name one .`label`"):
            hub.from_dataset(loaded, hub.HubDataset(cache=str(tmp_path)))
        options = hub.HubDataset(label="kind", resolution=4, cache=str(tmp_path))
        assert hub.from_dataset(loaded, options).classes == ("a", "b", "c")
        with pytest.raises(DataError, match=r"no column 'kin'. Did you mean 'kind'"):
            hub.from_dataset(loaded, hub.HubDataset(label="kin", cache=str(tmp_path)))

    def test_unreadable_and_unlabelled_rows(self, tmp_path):
        d = self.datasets
        stream = io.BytesIO()
        Image.new("RGB", (4, 4)).save(stream, "PNG")
        contents = [stream.getvalue()] * 9 + [b"no picture"]
        features = d.Features({"image": d.Image(), "label": d.ClassLabel(names=["cat"])})
        rows = {"image": [{"bytes": c, "path": None} for c in contents], "label": [0] * 10}
        splits = {"train": d.Dataset.from_dict(rows, features=features), "test": self.make(2)}
        loaded = d.DatasetDict(splits)
        options = {"resolution": 4, "cache": str(tmp_path), "held_out": 0.2}
        with pytest.raises(DataError, match=r"train, row 9: not a readable .*`unreadable=.skip"):
            hub.from_dataset(loaded, hub.HubDataset(**options))
        kept = hub.from_dataset(loaded, hub.HubDataset(**options, unreadable="skip"))
        assert len(kept) == 11
        splits["train"] = self.make(4, labels=[0, -1, 1, 0])
        with pytest.raises(DataError, match="1 rows have no label"):
            hub.from_dataset(d.DatasetDict(splits), hub.HubDataset(**options))

    def test_load_from_a_folder_by_name(self, tmp_path):
        for split in ("train", "test"):
            for name in ("cat", "dog"):
                for i in range(20):
                    path = tmp_path / "set" / split / name / f"{i}.png"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    Image.new("RGB", (4, 4), (i, 0, 0)).save(path)
        data = hub.HubDataset(str(tmp_path / "set"), resolution=4, cache=str(tmp_path / "cache"))
        pictures = data()
        assert pictures.classes == ("cat", "dog")
        assert len(pictures.part("test")) == 40
        with pytest.raises(DataError, match="cannot load it"):
            hub.HubDataset(str(tmp_path / "nothing"))()
