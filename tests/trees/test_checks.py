"""Checks: each code has a smallest tree that has just that fault."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core.errors import HierarchyError
from taxonomy.labels import Label, LabelSet
from taxonomy.trees.checks import CHECKS, Finding, check, refuse_errors
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.nested import read_nested
from taxonomy.trees.operations import to_levels
from taxonomy.trees.raw_tree import RawTree, children_of
from tests.support.strategies import nested_trees

N = None
NAN = float("nan")
PETS = LabelSet(["cat", "dog"])


def raw(parent, leaf, name=(), height=(), span=(), support=()) -> RawTree:
    return RawTree(*map(list, (parent, leaf, name, height, span, support)))


def nested(tree, height=()) -> RawTree:
    made = read_nested(tree)
    made.height = list(height)
    return made


def named(name, *below):
    return {"name": name, "children": list(below)}


# code: (tree, label set, where, a part of the message), and the tree has no other finding
CASES = {
    "H100": [
        (raw([-1, 0], [N]), N, N, "2 parents but 1 leaves"),
        (raw([-1, 0], [N, "cat"], height=[1.0]), N, N, "2 parents but 1 heights"),
        (raw([-1, 0], [N, "cat"], name=["", "", ""]), N, N, "2 parents but 3 names"),
        (raw([-1, 0], [N, "cat"], span=[0, 0, 0]), N, N, "2 parents but 3 spans"),
        (raw([-1, 0], [N, "cat"], support=[1, 1, 1]), N, N, "2 parents but 3 shares of support"),
    ],
    "H101": [
        (raw([-1, 0, 0], [N, "cat", "cat"]), N, 2, "'cat' occurs twice, at the entries 1 and")
    ],
    "H102": [
        (raw([], []), N, N, "this one has 0"),
        (raw([-1, -1, 0, 1], [N, N, "cat", "dog"]), N, N, "this one has 2"),
    ],
    "H103": [
        (raw([-1, 0, 4, 2, 3, 3], [N, "cat", N, N, N, "dog"]), N, 2, "Entry 2 is on a cycle of 3"),
        (raw([-1, 0, 2, 2], [N, "cat", N, "dog"]), N, 2, "Entry 2 is on a cycle of 1"),
    ],
    "H104": [
        (raw([-1, 0, 3], [N, "cat", "dog"]), N, 2, "parent 3, which does not exist"),
        (raw([-1, 0, -2], [N, "cat", "dog"]), N, 2, "parent -2, which does not exist"),
    ],
    "H105": [
        (raw([-1, 0, 0], [N, "cat", N], ["", "", "dogs"]), N, 2, "('dogs') is a node without"),
        (raw([-1], [N]), N, 0, "without leaves"),
    ],
    "H106": [(raw([-1, 0, 1], [N, "cat", "dog"]), N, 1, "'cat' has children")],
    "H107": [(raw([-1], ["cat"]), N, 0, "The root is a leaf")],
    "H108": [
        (raw([-1, 0], [N, ""]), N, 1, "which is no text"),
        (raw([-1, 0], [N, " "]), N, 1, "which is no text"),
        (raw([-1, 0], [N, 7]), N, 1, "label 7, which is no text"),
        (raw([-1, 0], [N, "c\nat"]), N, 1, "which holds a control character"),
        (raw([-1, 0], [N, "\ud800"]), N, 1, "which holds a control character"),
        (raw([-1, 0], [N, "cat "]), N, 1, "'cat ', which begins or ends with a space"),
        (raw([-1, 0], [N, "x" * 10_001]), N, 1, "xx', which has 10,001 characters; shorten it"),
    ],
    "H109": [
        (raw([-1, 0], [N, "cat"], height=[NAN, 0]), N, 0, "height nan, which is not a finite"),
        (raw([-1, 0], [N, "cat"], height=[1, -float("inf")]), N, 1, "height -inf"),
    ],
    "H110": [
        (raw([-1, 0], [N, "cat"], span=[-1]), N, 0, "span -1"),
        (raw([-1, 0], [N, "cat"], span=[0, 2**63]), N, 1, "span 9223372036854775808"),
    ],
    "H111": [
        (raw([-1, 0], [N, "cat"], ["the\tpets"]), N, 0, "entry 0, 'the\\tpets', holds"),
        (raw([-1, 0], [N, "cat"], ["x" * 20_000]), N, 0, "xx', has 20,000 characters; shorten it"),
    ],
    "H112": [
        (raw([-1, 0], [N, "cat"], support=[1.5]), N, 0, "Entry 0 has the support 1.5"),
        (raw([-1, 0], [N, "cat"], support=[-0.1, 7]), N, 0, "has the support -0.1"),
    ],
    "H201": [(nested([["cat", "dog"]]), N, 0, "Entry 0 has a single child")],
    "H202": [(nested(["cat", "dog"], [1, 2, 0]), N, 1, "height 2, above its parent's 1")],
    "H203": [
        (
            nested([named("small", "cat", "dog"), named("small", "bus", "car")]),
            N,
            4,
            "'small' stands in 2 branches",
        )
    ],
    "H204": [
        (nested(named("cat", "cat", "dog")), N, 2, "class 'cat' has the name of a node, 'cat'"),
        (
            nested(named("pets", "a", "b")),
            LabelSet([Label("a", "pets"), Label("b")]),
            2,
            "class 'a' has the name of a node, 'pets'",
        ),
    ],
    "H205": [(nested(["cat"]), PETS, N, "class 'dog' is missing")],
    "H206": [(nested(["cat", "cow", "dog"]), PETS, 2, "leaf 'cow' is no class")],
    "H301": [
        (
            nested(
                [["a", "b", "c"], ["d", "e"], ["f", "g"], ["h", "i", "j", "k", "l", "m", "n", "o"]]
            ),
            N,
            1,
            "One of 4 groups below the root holds 53% of the leaves: entry 1",
        )
    ],
    "H302": [(nested([["cat", "dog"], "bus"]), N, 1, "1 labels, such as 'bus'")],
    "H303": [(nested([["cat", ["dog", "cow"]], ["bus", "car"]]), N, N, "lie 2 to 3 levels")],
}
ALSO = {"H302": {"H303"}}  # a label beside groups makes the tree ragged
PLAIN = raw([-1, 0, 0], [N, "cat", "dog"], ["pets"], [0.5, 0.0, 0.0], [7])


@pytest.mark.parametrize(
    ("code", "case"), [(code, case) for code, cases in CASES.items() for case in cases]
)
def test_a_fault_is_found_alone(code, case):
    tree, labels, where, part = case
    findings = {finding.code: finding for finding in check(tree, labels)}
    assert set(findings) == {code} | ALSO.get(code, set())
    finding = findings[code]
    assert finding.where == where
    assert part in finding.message
    assert finding.severity == {"1": "error", "2": "warning", "3": "note"}[code[1]]
    assert str(finding) == f"{code} {finding.severity}: {finding.message}"


def test_every_check_has_a_case_and_a_message():
    assert set(CASES) == set(CHECKS)
    assert list(CHECKS) == sorted(CHECKS)
    messages = [function.__doc__ for function in CHECKS.values()]
    assert len({*messages, None}) == len(CHECKS) + 1


@pytest.mark.parametrize(("code", "case"), [(c, case) for c in CASES for case in CASES[c]])
def test_a_hierarchy_refuses_errors_and_nothing_else(code, case):
    tree, _, _, part = case
    if code.startswith("H1"):
        with pytest.raises(HierarchyError) as raised:
            Hierarchy.from_raw(tree)
        assert part in str(raised.value)
        assert str(raised.value).endswith(f"[{code}]")
    else:
        Hierarchy.from_raw(tree)


def test_a_plain_tree_has_no_findings():
    assert check(PLAIN, PETS) == []
    assert check(read_nested(["cat"])) == []  # a single class must hang by itself


def test_several_errors_are_counted():
    twice = raw([-1, 0, 0, 0, 0], [N, "cat", "cat", "cat", ""])
    assert [finding.code for finding in check(twice)] == ["H101", "H101", "H108"]
    with pytest.raises(HierarchyError, match=r"\[H101\] \(and 2 more: see check\)$"):
        refuse_errors(twice)


def test_warnings_wait_until_errors_are_gone():
    assert [finding.code for finding in check(nested([["cat", "cat"]]))] == ["H101"]


def test_a_finding_is_a_value():
    one, other = check(nested([["cat", "dog"]])) * 2
    assert one == other
    assert isinstance(one, Finding)
    assert len({one, other}) == 1


def test_a_chain_of_one_name_is_one_branch():
    tree = to_levels(Hierarchy.from_nested([named("pets", "cat", "dog"), "bus"]), 3)
    again = RawTree(tree.parent.tolist(), list(tree.leaf), list(tree.name))
    assert tree.name.count("pets") == 3
    assert {finding.code for finding in check(again)} == {"H201"}


def test_rounding_is_no_inversion():
    tree = nested([["cat", "dog"], "bus"], [0.3, 0, 0.1 + 0.2, 0, 0])
    assert "H202" not in {finding.code for finding in check(tree)}


@st.composite
def broken_trees(draw):
    n = draw(st.integers(0, 8))
    numbers = st.integers(-2, n)
    labels = st.one_of(st.none(), st.sampled_from(["cat", "dog", "", "a\n", 7, ("x",)]))
    return RawTree(
        parent=draw(st.lists(numbers, min_size=n, max_size=n)),
        leaf=draw(st.lists(labels, min_size=max(0, n - 1), max_size=n + 1)),
        name=draw(st.lists(st.sampled_from(["", "pets", "\0"]), max_size=n + 1)),
        height=draw(st.lists(st.sampled_from([0.0, 1.0, NAN]), max_size=n + 1)),
        span=draw(st.lists(st.integers(-1, 9), max_size=n + 1)),
    )


@given(broken_trees())
def test_whatever_is_no_tree_is_refused_and_nothing_else_happens(tree):
    """A tree has no errors exactly if every entry leads to the one root and leaves end paths."""
    findings = check(tree, PETS)
    errors = [finding for finding in findings if finding.severity == "error"]
    assert errors == findings or not errors
    if errors:
        with pytest.raises(HierarchyError, match=errors[0].code):
            Hierarchy.from_raw(tree)
    else:
        made = Hierarchy.from_raw(tree)
        assert made.depth[0] == 0
        assert len(made) == len(tree.parent)
        assert made.to_json()


@given(st.lists(st.integers(0, 7), min_size=8, max_size=8))
def test_cycles_are_those_of_a_walk(parents):
    """Each cycle once, by its smallest entry, with its length."""
    on_cycle = set()
    for start in range(8):
        i = start
        for _ in range(8):
            i = parents[i]
        on_cycle.add(i)  # after 8 steps every walk is on its cycle
    cycles = set()
    for start in on_cycle:
        cycle = [start]
        while parents[cycle[-1]] != start:
            cycle.append(parents[cycle[-1]])
        cycles.add((min(cycle), len(cycle)))
    found = [f for f in check(RawTree(parents, [None] * 8)) if f.code == "H103"]
    assert sorted((f.where, int(f.message.split("of ")[1].split(";")[0])) for f in found) == sorted(
        cycles
    )


@given(nested_trees())
def test_sound_trees_are_sound(tree):
    assert {finding.code[1] for finding in check(read_nested(tree))} <= {"2", "3"}


def test_children_of_nobody():
    assert children_of([-1, 0, 5, 0, -3]) == [[1, 3], [], [], [], []]


def caterpillar(depth: int) -> RawTree:
    tree = RawTree()
    above = -1
    for i in range(depth):
        above = tree.add(above, name=f"node {i % 100}")
        tree.add(above, leaf=f"c{i:05d}")
    tree.add(above, leaf="last")
    return tree


def test_depth_and_size_are_no_trouble():
    """5,000 deep; and 80,000 entries within seconds."""
    start = time.perf_counter()
    for tree in (caterpillar(5_000), caterpillar(40_000)):
        assert {finding.code for finding in check(tree)} == {"H302", "H303"}
    loop = RawTree([-1, 0, *range(3, 40_002), 2], [None, "cat", *[None] * 40_000])
    assert [finding.code for finding in check(loop)] == ["H103"]
    assert time.perf_counter() - start < 20
