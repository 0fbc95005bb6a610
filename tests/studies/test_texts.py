"""The study of texts: which definitions are whose, their words, and how a page is read."""

from __future__ import annotations

import importlib
from itertools import chain
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from taxonomy.design import NetSpec
from taxonomy.nets import build_net
from taxonomy.tasks import TaskList
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.wordnet import NounGraph

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def texts() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "analysis" / "studies"))
        return importlib.import_module("texts")


def test_no_definition_is_of_two_classes_and_none_names_a_class(texts):
    graph = NounGraph.load()
    found = texts.definitions()
    assert len(set(chain(*found.values()))) == sum(map(len, found.values())) == 25_020
    assert len(found) == 280
    assert {min(map(len, found.values())), max(map(len, found.values()))} == {45, 100}
    names = texts.names_of(graph, map(graph.index, found))
    assert {"bird", "animal", "disease"} <= names
    different = [words for own in found.values() for words in own.values()]
    assert names.isdisjoint(chain(*different))
    assert len(set(different)) == len(different)


def test_plurals_of_names_go_too(texts):
    graph = NounGraph.load()
    words = texts.words_of("Women's berries, wolves and buses (3 in all)")
    kept = texts.without(words, frozenset(["woman", "berry", "wolf", "bus"]), graph)
    assert kept == ("s", "and", "in", "all")


def test_frozen_tasks_are_over_the_classes_that_the_rule_gives(texts):
    tasks = TaskList.load(texts.TASKS)
    assert tasks.ids == tuple(texts.definitions())


def test_a_page_is_read_in_order_one_patch_a_word(texts):
    stamps = {word: np.full(texts.COMPONENTS, i, np.uint8) for i, word in enumerate("abcdef")}
    made = texts.page(list("abcdef"), stamps)
    assert made.shape == (32, 32, 3)
    assert [made[0, 8 * i, 0] for i in range(4)] == [0, 1, 2, 3]
    assert [made[8, 8 * i, 0] for i in range(4)] == [4, 5, 255, 255]


def test_the_first_stage_reads_each_word_by_itself():
    """So it is one linear map of embeddings: another word changes its own cell alone."""
    spec = NetSpec.load(ROOT / "analysis/inputs/pages-tree.json")
    net = build_net(spec, Hierarchy.from_nested([["a", "b"], ["c", "d"]]), seed=0).eval()
    page = torch.rand(1, 3, 32, 32)
    other = page.clone()
    other[:, :, 8:16, 16:24] += 1  # the second row's third word
    with torch.no_grad():
        moved = (net.trunk[0](page) != net.trunk[0](other)).any(dim=1)[0]
    assert moved.nonzero().tolist() == [[1, 2]]
