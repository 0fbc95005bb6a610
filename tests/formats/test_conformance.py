"""What every format keeps; new ones are found by themselves.

What each makes of damaged files: `tests.house.test_hostile_bytes`.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given

from taxonomy._core.errors import FileFormatError
from taxonomy.formats import FORMATS, Content, read_tree, write_tree
from taxonomy.formats._files import recognised
from taxonomy.trees import Hierarchy
from tests.support.strategies import trees
from tests.support.trees import caterpillar

PROVENANCE = "what made the tree (its provenance)"
NAMES, NO_NAME = "names of nodes", "no name, and"
HEIGHTS, SPANS, SUPPORT = "merge heights", "the spans", "the support of nodes"
DIGITS = "the last digits of merge heights"
SHAPE, LABELS = "which become", "which are written otherwise"
NUMBERS = {PROVENANCE, HEIGHTS, SPANS, SUPPORT}
LOST = {
    "audioset": NUMBERS,
    "children": {*NUMBERS, NAMES, SHAPE},
    "coco": {*NUMBERS, NAMES},
    "csv": {PROVENANCE},
    "darwin-core": NUMBERS,
    "edges": {*NUMBERS, NAMES},
    "fiftyone": {*NUMBERS, NAMES},
    "graphml": {PROVENANCE},
    "indented": {*NUMBERS, NAMES},
    "json": set(),
    "label-tree": {*NUMBERS, NAMES},
    "linkage": {*NUMBERS, NAMES, SHAPE},
    "nested": {PROVENANCE},
    "newick": {PROVENANCE, SPANS, SUPPORT, DIGITS, HEIGHTS},
    "nexus": {PROVENANCE, SPANS, SUPPORT, DIGITS, HEIGHTS},
    "nltk": {*NUMBERS, NAMES, LABELS, SHAPE},
    "node-link": {PROVENANCE},
    "open-images": {*NUMBERS, NAMES},
    "paths": {*NUMBERS, NAMES},
    "places": {*NUMBERS, NAMES},
    "ranks": {*NUMBERS, NAMES},
    "skos": NUMBERS,
    "wnids": {*NUMBERS, NAMES, SHAPE},
}
"""All that each format may lose, and nothing else."""


NEEDS = {"skos": "rdflib"}
"""The package of an extra that a format cannot do without."""


def cases(slow: tuple[str, ...] = ()) -> list:
    """Return all formats: slow ones marked, and those skipped whose package is missing."""
    found = []
    for name in LOST:
        marks = [pytest.mark.slow] if name in slow else []
        if name in NEEDS:
            missing = find_spec(NEEDS[name]) is None
            marks.append(pytest.mark.skipif(missing, reason=f"{NEEDS[name]} is not installed"))
        found.append(pytest.param(name, marks=marks))
    return found


def test_every_format_is_tested():
    assert set(LOST) == set(FORMATS)


@pytest.mark.parametrize("name", cases())
@given(tree=trees())
def test_a_tree_comes_back_but_for_what_is_said_to_be_lost(name, tree, tmp_path_factory):
    path = tmp_path_factory.mktemp("trees") / "tree"
    try:
        lost = write_tree(tree, path, name)
    except FileFormatError as error:
        assert "cannot hold this tree" in str(error)
        assert not path.exists()
        assert name in ("linkage", "children", "newick", "nexus", "nltk", "fiftyone")
        return
    for phrase in lost:
        assert any(known in phrase for known in LOST[name]), phrase
    again = read_tree(path, name)
    assert (again == tree) == (set(lost) <= {PROVENANCE})
    if not any(LABELS in phrase or SHAPE in phrase for phrase in lost):
        assert again.leaf == tree.leaf
        assert np.array_equal(again.parent, tree.parent)


@pytest.mark.parametrize("name", cases())
@given(tree=trees(labels=[f"c{i:02d}" for i in range(30)]))
def test_plain_trees_lose_no_label_and_no_group(name, tree, tmp_path_factory):
    if name in ("wnids", "linkage", "children"):
        return
    path = tmp_path_factory.mktemp("trees") / "tree"
    write_tree(tree, path, name)
    again = read_tree(path, name)
    assert again.leaf == tree.leaf
    assert np.array_equal(again.parent, tree.parent)


@pytest.mark.parametrize("name", cases())
@given(tree=trees(labels=[f"c{i:02d}" for i in range(30)]))
def test_the_content_tells_the_format(name, tree, tmp_path_factory):
    """Under an ending that no format has."""
    tree = tree.restrict(tree.leaves, "collapse")
    if len(tree.nodes) < 2 or (tree.merge_height is not None and tree.merge_height.min() < 0):
        return
    data = FORMATS.get(name)().write(tree)
    if name == "wnids":  # words below each other could be anything
        with pytest.raises(FileFormatError, match=r"no known format\. If it is a tree, name"):
            recognised(Content(data, "tree"))
    else:
        assert recognised(Content(data, "tree")) == name


@pytest.mark.parametrize("name", cases())
def test_the_order_of_a_file_is_the_trees(name, tmp_path):
    """Equal trees have equal files."""
    one = Hierarchy.from_nested({"pets": ["cat", "dog"], "cars": ["taxi", "bus"]})
    other = Hierarchy.from_nested({"cars": ["bus", "taxi"], "pets": ["dog", "cat"]})
    made = FORMATS.get(name)()
    assert made.write(one) == made.write(other)


@pytest.mark.parametrize("name", cases(slow=("paths", "places", "ranks", "skos")))
def test_a_caterpillar_5000_deep_passes(name, tmp_path):
    deep = caterpillar([f"c{i:04d}" for i in range(5001)])
    lost = write_tree(deep, tmp_path / "deep", name)
    again = read_tree(tmp_path / "deep", name)
    assert again.leaves == deep.leaves
    if name != "wnids":
        assert int(again.depth.max()) == 5000
        assert not lost or name in ("linkage", "children")
