"""Names for a tree's inner nodes in one call: by hand, by a model, by WordNet, by the medoid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from taxonomy._core.errors import HierarchyError, LabelError, check_choice
from taxonomy._core.spelling import counted
from taxonomy._senses import find_senses
from taxonomy.formats import get_tree
from taxonomy.labels import LabelSet, get_labels
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.naming import by_hand, by_medoid, count_names, name_nodes
from taxonomy.wordnet.known import known

if TYPE_CHECKING:
    from taxonomy.llm.settings import Settings

By = Literal["hypernym", "medoid", "model", "hand"]


@dataclass(frozen=True)
class Named:
    """A tree whose nodes have names; printing it says what they are from.

    Args:
        tree: with the names.
        counts: how many nodes each way of naming has named.
        guessed: how many classes had no wnid, so that the names' meanings were guessed.
    """

    tree: Hierarchy
    counts: Mapping[str, int]
    guessed: int = 0

    def __str__(self) -> str:
        """Return how many nodes were named, and by what."""
        parts = ", ".join(f"{count} by {namer}" for namer, count in self.counts.items())
        text = f"{counted(sum(self.counts.values()), 'node')} named: {parts}"
        if not self.guessed:
            return text
        return (
            f"{text}\nthe meaning of {counted(self.guessed, 'class')} was guessed by name; to say "
            "what they mean, give `labels` as taxonomy senses writes them"
        )


def name_tree(
    tree: Hierarchy | Path | str,
    labels: LabelSet | Path | str | None = None,
    *,
    by: By = "hypernym",
    chosen: Mapping[tuple[str, ...], str] | None = None,
    keep: bool = False,
    settings: Settings | None = None,
) -> Named:
    """Name the inner nodes of a tree; nodes without a name of the kind wanted get the next best.

    Args:
        tree: a tree, a file, or a shipped name.
        labels: what the classes are; the tree's leaves, by id, where left out. What labels without
            a wnid mean is guessed, as `taxonomy senses` does.
        by: ``hypernym``, WordNet's; ``medoid``, central classes and the number of others;
            ``model``, asked of a language model; ``hand``, only those of ``chosen``, all others
            staying as they are.
        chosen: names by hand, by two or more classes that meet in the node.
        keep: whether names that are there stay.
        settings: of the language model, where one is asked.

    Raises:
        HierarchyError: a way of naming that there is not, or names by hand for no node.
        LabelError: the tree lacks a class that is named, or the labels one of the tree's.
        LLMError: the model cannot be asked.

    >>> made = name_tree(Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]]), by="medoid")
    >>> print(made)
    2 nodes named: 2 by medoid
    """
    check_choice("by", by, By, HierarchyError)
    tree = get_tree(tree)
    given = LabelSet(tree.leaves) if labels is None else get_labels(labels)
    classes = known(given.restrict(tree.leaves))
    guessed = 0
    namers: dict[str, Mapping[int, str]] = {}
    if chosen:
        namers["hand"] = by_hand(tree, chosen)
    if keep or by == "hand":
        namers["earlier naming"] = {node: tree.name[node] for node in tree.nodes if tree.name[node]}
    if by == "model":
        from taxonomy.llm.naming import ask_names
        from taxonomy.llm.settings import Settings

        namers["model"] = ask_names(tree, classes, settings or Settings())
    if by in ("model", "hypernym"):
        from taxonomy.wordnet.naming import by_hypernym

        classes, guessed = _with_wnids(classes)
        namers["hypernym"] = by_hypernym(tree, classes)
    if by != "hand":
        namers["medoid"] = by_medoid(tree, classes)
    if by != "hand" and not keep and tree.name[0] and not namers.get("hand", {}).get(0):
        raw = tree.to_raw()
        raw.name[0] = ""  # it is above all classes, which needs no name, and may have an old one
        tree = Hierarchy.from_raw(raw, tree.provenance)
    return Named(name_nodes(tree, *namers.values()), count_names(tree, namers), guessed)


def _with_wnids(labels: LabelSet) -> tuple[LabelSet, int]:
    """Return the labels with a wnid where one can be found, and how many were guessed."""
    if all(label.wnid for label in labels):
        return labels, 0
    try:
        found = find_senses(labels).labels()
    except LabelError:  # none is a noun of WordNet; other names are found for their nodes
        return labels, 0
    return found, sum(bool(found[label.id].wnid) and not label.wnid for label in labels)
