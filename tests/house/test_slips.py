"""Slips that newcomers make in Python get a sentence instead of a traceback from deep inside."""

from contextlib import suppress
from itertools import product

import pytest

import taxonomy as tx
from taxonomy import TaxonomyError

WORDS = ["cat", "dog", "car", "bus", "pear", "fig"]


@pytest.fixture(scope="module")
def made():
    return tx.generate(WORDS, source="random", levels=(2,))


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (
            lambda made: tx.compare({"a": made, "b": made.tree}),
            "the tree 'a' is a Generated; give a Hierarchy, such as its .tree",
        ),
        (lambda made: tx.compare([made.tree, made.tree]), "what is compared is a list; give a"),
        (lambda made: tx.compare(made.tree, made.tree), "give a dictionary of trees by name"),
        (
            lambda made: tx.compare({"a": made.tree, "b": made.tree}, "triplet_distance"),
            "'triplet_distance' is one text where metrics are wanted",
        ),
        (lambda made: tx.plot_tree(made, "tree.png"), "give a Hierarchy, such as its .tree"),
        (lambda made: tx.plot_tree("tree.json", "tree.png"), "the tree is a str"),
        (lambda made: made.tree.restrict("cat"), "'cat' is one text where classes are wanted"),
        (lambda made: tx.get_labels([1, 2, 3]), "The label 1 is no text"),
        (lambda made: tx.generate(WORDS, source="random", levels=2), "`levels` is 2; give a tuple"),
        (lambda made: tx.generate(WORDS, sorce="random"), "Did you mean 'source'?"),
    ],
)
def test_slip(made, slip, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TaxonomyError) as caught:
        slip(made)
    assert said in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_slips_with_networks(tmp_path):
    net = tx.get_net("icons/tree")
    with pytest.raises(TaxonomyError, match="'cat' is one text where classes are wanted"):
        tx.extract(net, "cat")
    with pytest.raises(TaxonomyError, match=r"in \.safetensors\. .*--target onnx"):
        tx.save_net(tmp_path / "net.onnx", net)
    with pytest.raises(TaxonomyError, match=r"no such network\. Did you mean 'icons/tree'"):
        tx.extract("icons/tre", ["cat"])
    assert tx.extract("icons/tree", ["cat"]).classes == ("cat",)
    run = tx.Run.__new__(tx.Run)  # the run of a training that is finished
    with pytest.raises(TaxonomyError, match=r"give a HierarchicalNet, such as its \.net\(\)"):
        tx.predict(run, [])
    with pytest.raises(TaxonomyError, match=r"give a Predictions, such as its \.predictions\(\)"):
        tx.evaluate(run, net.hierarchy)
    with pytest.raises(TaxonomyError, match="the network is a str; give a HierarchicalNet"):
        tx.save_net(net, "net.safetensors")


def test_what_is_large_prints_short():
    assert str(tx.get_data("icons")).endswith(" of 212 classes)")


WRONG = (None, 5, ["cat", "dog"], "nosuch", {"a": 1})
"""Values of other kinds than are wanted."""


ONE = """generate get_builder get_data get_labels get_net get_source get_tasks get_tree Label
LabelSet name_nodes name_tree read_tree resume Run"""
TWO = """build_net bundle cost design_search extract import_tree plot_tree refine save_net Task
TaskList write_tree"""
CALLS = [(name, 1) for name in ONE.split()] + [(name, 2) for name in TWO.split()]
"""Public functions, each with how many arguments it needs."""


@pytest.mark.parametrize(("name", "needed"), CALLS)
def test_values_of_other_kinds_end_in_a_sentence(name, needed, made, tmp_path, monkeypatch):
    """Or do what they say, where they happen to fit; anything else fails here by itself."""
    monkeypatch.chdir(tmp_path)
    given = (*WRONG, made.tree, tx.NetSpec.flat(), tx.get_labels(WORDS))
    for values in product(given, repeat=needed):
        with suppress(TaxonomyError):
            getattr(tx, name)(*values)


def test_swapped_arguments_are_named(made):
    spec = tx.NetSpec.flat()
    with pytest.raises(TaxonomyError, match="the specification is a Hierarchy; give a NetSpec"):
        tx.cost(made.tree, spec)
    with pytest.raises(TaxonomyError, match="the task list is a list; give the name or path"):
        tx.get_tasks([["cat", "dog"]])
    with pytest.raises(TaxonomyError, match="the tree is a int; give the name or path"):
        tx.get_tree(5)
    with pytest.raises(TaxonomyError, match=r"icns: no such file.* Did you mean 'icons'"):
        tx.get_labels("icns")
    with pytest.raises(TaxonomyError, match="Did you mean 'imagenet-1k'"):
        tx.get_labels("imagenet1k")
