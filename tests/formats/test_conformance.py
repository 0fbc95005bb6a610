"""What every format keeps; new ones are found by themselves."""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from taxonomy._core.errors import FileFormatError, TaxonomyError
from taxonomy.formats import FORMATS, Content, read_tree, write_tree
from taxonomy.formats._files import read_content, recognised, tree_of
from taxonomy.trees import Hierarchy
from tests.support.strategies import trees
from tests.support.trees import caterpillar

PROVENANCE = "what made the tree (its provenance)"
NAMES, NO_NAME = "names of nodes", "have no name"
HEIGHTS, SPANS, SUPPORT = "merge heights", "the spans", "the support of nodes"
DIGITS = "the last digits of merge heights"
SHAPE, LABELS = "which become", "which are written otherwise"
NUMBERS = {PROVENANCE, HEIGHTS, SPANS, SUPPORT}
LOST = {
    "audioset": NUMBERS,
    "children": {*NUMBERS, NAMES, SHAPE},
    "coco": {*NUMBERS, NAMES},
    "csv": {PROVENANCE},
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


CASES = Hierarchy.from_nested(
    {
        "name": "all",
        "children": [
            {"name": "pets", "leaves": ["cat", "dog's", "näme"], "merge_height": 0.25},
            {"children": ["stop sign", "a_b"], "merge_height": 0.5, "support": 0.75},
        ],
        "merge_height": 1.0,
    }
)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Return bytes with a few of them changed, doubled, deleted or exchanged."""
    out = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5])):
        at = rng.randrange(len(out) + 1)
        end = min(len(out), at + rng.choice([1, 2, 8, 40]))
        kind = rng.randrange(7)
        if kind == 0:
            out[at:end] = b""
        elif kind == 1:
            out[at:at] = out[at:end] * rng.choice([1, 2, 50])
        elif kind == 2:
            out[at:end] = bytes(rng.randrange(256) for _ in range(end - at))
        elif kind == 3:
            out[at:at] = rng.choice(SPITE)
        elif kind == 4:
            out[at:end] = rng.choice(SPITE)
        elif kind == 5:
            other = rng.randrange(len(out) + 1)
            out[at:at] = out[other : other + 30]
        else:
            del out[at:]
    return bytes(out)


SPITE = [
    *(b"(", b")" * 9, b"[" * 300, b"{" * 300, b'"', b"'", b",,", b";", b":", b"\n", b"\t", b"  "),
    *(b"null", b"NaN", b"1e999", b"-1", b"9" * 30, b"9" * 5000, b"\xff\xfe", b"\xed\xa0\x80"),
    *(b"\x00", b"\\ud800", b"&amp;", b"&x;", b"<node id='q'/>", b"- ", b"? ", b"*a", b"&a "),
    *(b"!!python/object:os.system ", b"%YAML 9\n", b" > ", b"/", b"node:0", b"leaf:node:1"),
]


def corpus(name: str) -> list[bytes]:
    made = FORMATS.get(name)()
    files = [made.write(CASES), made.write(Hierarchy.from_nested([["a", "b"], ["c", ["d", "e"]]]))]
    published = {
        "audioset": "audioset.json",
        "coco": "inaturalist.json",
        "csv": "cifar-100.csv",
        "open-images": "open-images.json",
        "paths": "google-products.txt",
        "places": "places365.csv",
        "ranks": "unspsc.csv",
    }
    if name in published:
        files.append(Path(__file__).with_name("published").joinpath(published[name]).read_bytes())
    if name == "nested":
        files.append(b"pets:\n  - cat\n  - dog\ncars: {taxi: , bus: no}\n")
    if name == "newick":
        files.append(b"[&R] ((cat:1[&support=0.5],dog:1)90:2,'a''b':3)x[&&NHX:B=50];")
    if name == "nexus":
        files.append(
            b"#NEXUS\nbegin trees;\ntranslate 1 cat, 2 'dog s';\ntree a=[&U](1:1,2:1);end;"
        )
    return files


def attack(name: str, count: int, seed: int) -> None:
    """Read mutated files; anything but a tree or a `TaxonomyError` in 2 s is a fault."""
    rng = random.Random(f"{name} {seed}")
    files = corpus(name)
    for k in range(count):
        data = mutated(rng.choice(files), rng)
        content = Content(data, "tree")
        start = time.perf_counter()
        try:
            made, policy = FORMATS.get(name)(), rng.choice(["refuse", "first", "deepest"])
            reading = read_content(content, made, policy)
            tree_of(reading, content, {})
        except TaxonomyError as error:
            assert 10 < len(str(error)) <= 400, (k, data)
        except Exception as error:
            raise AssertionError(f"{name}, file {k}: {error!r} on {data[:300]!r}") from error
        assert time.perf_counter() - start < 2, (k, data)


@pytest.mark.parametrize("name", cases())
def test_200_mutated_files_are_read_or_refused(name):
    attack(name, 200, seed=0)


WITHIN = 256 << 20


@pytest.mark.slow
@pytest.mark.parametrize("name", cases())
def test_10000_mutated_files_are_read_or_refused_in_256_mib(name):
    code = f"from tests.formats.test_conformance import attack_within; attack_within({name!r})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def attack_within(name: str) -> None:
    """Read 10,000 mutated files in a process that may take 256 MiB more than it begins with."""
    attack(name, 20, seed=1)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + WITHIN
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    attack(name, 10_000, seed=2)
