"""Whatever value there is can be written, and read again to the same digest and the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from taxonomy._core.errors import LabelError
from taxonomy.design import CONVNEXT, RESNET, Bucket, Level, NetSpec, Stage
from taxonomy.labels import Label, LabelSet
from taxonomy.llm.transcript import Transcript
from taxonomy.nets import build_net, get_net, save_net
from taxonomy.nets.hierarchical import weights_digest
from taxonomy.predictions import ClassFeatures, Predictions
from taxonomy.similarity import DenseSimilarity, Similarity, SparseSimilarity
from taxonomy.tasks import Task, TaskList
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.strategies import IDS, similarities, trees

TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=8)
FACTS = st.dictionaries(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=5),
    st.recursive(
        st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(-1e308, 1e308) | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=5,
    ),
    max_size=3,
)  # fmt: skip
FINITE = st.floats(-(2.0**99), 2.0**99, width=32)


@st.composite
def label_sets(draw: st.DrawFn) -> LabelSet:
    found: dict[str, Label] = {}
    for _ in range(draw(st.integers(1, 6))):
        try:
            label = Label(draw(TEXTS).strip(), draw(TEXTS), draw(TEXTS), "")
            LabelSet([*found.values(), label])
        except LabelError:
            continue
        found[label.id] = label
    return LabelSet(found.values()) if found else LabelSet(["cat"])


@st.composite
def task_lists(draw: st.DrawFn) -> TaskList:
    ids = draw(label_sets()).ids
    classes = st.sets(st.sampled_from(ids), min_size=1)
    rows = draw(st.lists(st.tuples(classes, TEXTS, TEXTS, st.integers(1, 10**12)), max_size=5))
    tasks = [Task(f"t{i}", tuple(c), k, r, n) for i, (c, k, r, n) in enumerate(rows)]
    return TaskList(tasks, ids, draw(FACTS))


@st.composite
def specs(draw: st.DrawFn) -> NetSpec:
    block = st.sampled_from([RESNET, CONVNEXT])
    size = st.integers(1, 6)
    stages = st.builds(Stage, size, st.integers(0, 1), st.integers(1, 2), block)
    buckets = st.just(Bucket(3)) | st.builds(Bucket, size)
    level = st.builds(Level, st.tuples(buckets), st.integers(0, 1), st.integers(1, 2), block)
    levels = draw(st.lists(level, min_size=6, max_size=6))  # as deep as any tree drawn here
    return NetSpec(
        tuple(draw(st.lists(stages, min_size=1, max_size=3))),
        tuple(levels),
        draw(st.sampled_from(["parent", "ancestors", "gate"])),
        draw(st.sampled_from(["linear", "cosine"])),
        resolution=draw(st.integers(1, 16)),
        channels=draw(st.integers(1, 4)),
    )


@st.composite
def sparse(draw: st.DrawFn) -> SparseSimilarity:
    dense = draw(similarities(most=8))
    pairs = [(i, j) for i in range(len(dense)) for j in range(i) if draw(st.booleans())]
    first, second = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return SparseSimilarity(dense.ids, first, second, dense.values[first, second], draw(FACTS))


@st.composite
def predictions(draw: st.DrawFn) -> Predictions:
    ids = draw(label_sets()).ids
    count = draw(st.integers(0, 4))
    logits = draw(arrays.arrays(np.float32, (count, len(ids)), elements=FINITE))
    targets = draw(st.lists(st.integers(0, len(ids) - 1), min_size=count, max_size=count))
    groups = draw(st.lists(st.sampled_from(["", "Ann", "Bö"]), min_size=count, max_size=count))
    split = draw(st.sampled_from(["train", "val", "test"]))
    return Predictions(ids, logits, targets, split, np.array(groups, dtype=str), draw(FACTS))


@st.composite
def features(draw: st.DrawFn) -> ClassFeatures:
    ids = draw(label_sets()).ids
    shape = len(ids), draw(st.integers(0, 3))
    numbers = arrays.arrays(np.float64, shape, elements=st.floats(-1e300, 1e300))
    counts = draw(st.lists(st.integers(0, 2**62), min_size=len(ids), max_size=len(ids)))
    return ClassFeatures(ids, draw(numbers), counts, "val", draw(st.none() | numbers), draw(FACTS))


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    answer = st.fixed_dictionaries(
        {"choices": st.tuples(st.fixed_dictionaries({"message": FACTS})).map(list), "x": FACTS}
    )
    request = st.fixed_dictionaries(
        {
            "body": FACTS,
            "template": TEXTS,
            "template_digest": TEXTS,
            "repeat": st.integers(0, 3),
            "attempt": st.integers(0, 2),
        }
    )
    rows = draw(st.lists(st.tuples(request, answer), max_size=3))
    records = tuple(("", asked, answered) for asked, answered in rows)
    return Transcript(draw(label_sets()), draw(TEXTS), draw(TEXTS), draw(FACTS), records)


class Net:
    """A network, written and read like other values."""

    def __init__(self, net: Any) -> None:
        self.net = net
        self.digest = weights_digest(net), net.spec.digest, net.hierarchy.digest

    def save(self, path: Path) -> None:
        save_net(path, self.net)

    @staticmethod
    def load(path: Path) -> Net:
        return Net(get_net(path))


@st.composite
def nets(draw: st.DrawFn) -> Net:
    tree = draw(trees(IDS))
    spec = NetSpec.flat((3,)) if tree.depth.max() > 6 else draw(specs())
    if tree.depth.max() > 6:
        tree = Hierarchy.star(tree.leaves)
    return Net(build_net(spec, tree, draw(st.integers(0, 9))))


KINDS: dict[str, tuple[st.SearchStrategy[Any], str, Callable[[Path], Any]]] = {
    "trees": (trees(), "t.json", Hierarchy.load),
    "labels": (label_sets(), "l.csv", LabelSet.read),
    "tasks": (task_lists(), "t.json", TaskList.load),
    "specifications": (specs(), "s.json", NetSpec.load),
    "similarities": (similarities(most=8), "s.npz", DenseSimilarity.load),
    "sparse similarities": (sparse(), "s.npz", Similarity.load),
    "predictions": (predictions(), "p.npz", Predictions.load),
    "class features": (features(), "f.npz", ClassFeatures.load),
    "networks": (nets(), "n.safetensors", Net.load),
    "transcripts": (transcripts(), "t.jsonl.xz", Transcript.load),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_read_again(kind):
    values, name, load = KINDS[kind]

    @given(values)
    def check(value):
        with TemporaryDirectory() as folder:
            one, other = Path(folder) / f"1{name}", Path(folder) / f"2{name}"
            value.save(one)
            if kind == "transcripts":  # reading makes the keys of the records, and sorts by them
                load(one).save(one)
            found = load(one)
            found.save(other)
            assert one.read_bytes() == other.read_bytes()
            if kind != "transcripts":  # which have no digest
                assert found.digest == value.digest

    check()
