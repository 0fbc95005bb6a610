"""Trees in every format, how such files are changed, and what is read of them."""

from __future__ import annotations

import zlib
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import get_args

import numpy as np

from taxonomy._core.errors import FileFormatError
from taxonomy.formats import FORMATS, read_tree, write_tree
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents
from tests.support.mutant_files import of_npz
from tests.support.mutants import Change, of_json, of_pieces, of_table

PUBLISHED = Path(__file__).parents[1] / "formats" / "published"

KEEPS = "what made the tree (its provenance)"
"""What is said of a tree of which a file keeps all else."""

_NESTED = Hierarchy.from_nested(
    {
        "name": "all",
        "children": [
            {"name": "pets", "leaves": ["cat", "dog's", "näme"], "merge_height": 0.25},
            {"children": ["stop sign", "a_b"], "merge_height": 0.5, "support": 0.75},
        ],
        "merge_height": 1.0,
    }
)
_PLAIN = Hierarchy.from_nested([["a", "b"], ["c", ["d", "e"]]])
_MORE = {
    "nested": b"pets:\n  - cat\n  - dog\ncars: {taxi: , bus: }\n",
    "newick": b"[&R] ((cat:1[&support=0.5],dog:1)90:2,'a''b':3)x[&&NHX:B=50];",
    "nexus": b"#NEXUS\nbegin trees;\ntranslate 1 cat, 2 'dog s';\ntree a=[&U](1:1,2:1);end;",
}
"""Files of forms that are read and not written."""
_FILES = {
    "audioset": "audioset.json",
    "coco": "inaturalist.json",
    "csv": "cifar-100.csv",
    "darwin-core": "catalogue-of-life.tsv",
    "open-images": "open-images.json",
    "paths": "google-products.txt",
    "places": "places365.csv",
    "ranks": "unspsc.csv",
}


def corpus(name: str, _: Path) -> list[bytes]:
    """Return valid files of a format."""
    made = FORMATS.get(name)()
    found = [made.write(_NESTED), made.write(_PLAIN)]
    if name in _FILES:
        found.append((PUBLISHED / _FILES[name]).read_bytes())
    return [*found, _MORE[name]] if name in _MORE else found


def pieces_or(name: str) -> Change:
    """Return the change of a format's files: of their text, or knowing what is in them."""

    def change(data: bytes, random: Random) -> bytes:
        if random.random() < 0.5:
            return of_pieces(data, random)
        if data[:2] == b"PK":
            return of_npz(data, random)
        if data[:1] in b"[{":
            return of_json(data, random)
        return (
            of_table if name in ("csv", "places", "paths", "ranks", "darwin-core") else of_pieces
        )(data, random)

    return change


def read_as(name: str, path: Path) -> Hierarchy:
    """Read a tree, and see that the format keeps of it what it says that it does.

    Where a node has several parents, the file's bytes tell which one stays.
    """
    policies = get_args(Parents)
    policy = policies[zlib.crc32(path.read_bytes()) % len(policies)]
    tree = read_tree(path, name, parents=policy)
    with TemporaryDirectory(dir=path.parent.parent) as folder:
        copy = Path(folder, "tree")
        try:
            lost = write_tree(tree, copy, name)
        except FileFormatError as error:
            assert "cannot hold this tree" in str(error), error
            return tree
        again = read_tree(copy, name)
        assert (again == tree) == (set(lost) <= {KEEPS}), f"lost is {lost}"
        if not lost:
            assert np.array_equal(again.parent, tree.parent)
    return tree
