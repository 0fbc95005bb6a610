"""A flat network's stages become a tree network's levels, and back."""

from __future__ import annotations

import pytest

from taxonomy._core.errors import SpecError
from taxonomy.design.spec import RECOMMENDED, NetSpec, branching


@pytest.mark.parametrize("flat", [RECOMMENDED, NetSpec.flat(depth=2)])
@pytest.mark.parametrize("levels", [0, 1, 2, 3])
def test_a_split_networks_path_is_what_was_split(flat, levels):
    tree = flat.split(levels)
    assert len(tree.levels) == levels
    assert tree.path() == flat
    assert tree.side(levels) == flat.side(0)


@pytest.mark.parametrize(
    ("spec", "levels"), [(RECOMMENDED, 4), (RECOMMENDED, -1), (branching(), 1)]
)
def test_what_cannot_be_split_is_refused(spec, levels):
    with pytest.raises(SpecError, match="at most"):
        spec.split(levels)
