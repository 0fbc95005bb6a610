"""Names for the inner nodes of a tree, asked of a model, one request per batch of nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

from taxonomy._core import io
from taxonomy.labels import LabelSet
from taxonomy.llm.asker import Asker
from taxonomy.llm.asking import answered
from taxonomy.llm.question import Prompt, category
from taxonomy.llm.reply import Fields, phrase
from taxonomy.llm.settings import Settings
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.naming import Names
from taxonomy.wordnet.known import known

BATCH = 15
"""Nodes named by one request."""

SHOWN = 20
"""Most categories of a group, and of those beside it, that a request shows."""


def ask_names(tree: Hierarchy, labels: LabelSet, settings: Settings) -> Names:
    """Return names for the nodes below the root, after asking a model for those not stored yet.

    Args:
        tree: over the labels.
        labels: what the classes are.
        settings: of the model.

    Returns:
        names by node; nodes without a usable answer have none.

    Raises:
        ServerError: a request failed for good; answers so far are stored.
        BudgetError: a ceiling would be passed, or nobody agreed to many requests.
    """
    names, _ = answered(settings, partial(by_model, tree, known(labels)))
    return names


def by_model(tree: Hierarchy, labels: LabelSet, asker: Asker, repeat: int = 0) -> Names:
    """Ask a model to name the nodes below the root, a batch of nodes a request.

    A name is one short line; only what is left out or malformed is asked for again. A name that a
    node beside also has is dropped for both, for a fall-back to tell them apart.

    Args:
        tree: over the labels.
        labels: what the classes are.
        asker: asks or reads.
        repeat: which independent answer.

    Returns:
        names by node; nodes without a usable answer have none.

    Raises:
        ServerError: a request failed for good; answers so far are stored.
        BudgetError: a ceiling would be passed.
    """
    nodes = [int(node) for node in tree.nodes[1:]]
    batches = [nodes[start : start + BATCH] for start in range(0, len(nodes), BATCH)]
    found: Names = {}
    for outcome in asker.ask([_prompt(tree, labels, batch) for batch in batches], repeat):
        found |= {int(item): name for item, name in outcome.values.items()}
    told = Counter((int(tree.parent[node]), name.casefold()) for node, name in found.items())
    return {
        node: name
        for node, name in found.items()
        if told[int(tree.parent[node]), name.casefold()] == 1
    }


def _prompt(tree: Hierarchy, labels: LabelSet, nodes: Sequence[int]) -> Prompt:
    def shown(classes: Sequence[str]) -> list[str]:
        return [category(labels[name])["name"] for name in classes[:SHOWN]]

    def entry(item: str) -> dict[str, Any]:
        inside = tree.clade(int(item))
        around = tree.clade(int(tree.parent[int(item)]))
        beside = [name for name in around if name not in set(inside)]
        return {"id": item, "categories": shown(inside), "beside": shown(beside)}

    def user(wanted: Sequence[str]) -> io.Json:
        return {"groups": [entry(item) for item in wanted]}

    return Prompt("names", tuple(map(str, nodes)), user, Fields("names", phrase(60)))
