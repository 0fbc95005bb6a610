"""Class names to a tree in one call: a similarity source, a tree builder, and how good it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from taxonomy._core.errors import RegistryError, TaxonomyError, did_you_mean
from taxonomy._core.spelling import counted
from taxonomy.builders import BUILDERS, Builder
from taxonomy.labels import LabelSet, get_labels
from taxonomy.similarity import SOURCES, DenseSimilarity, Similarity, Source
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.wordnet.known import known, misfit_note

if TYPE_CHECKING:
    from taxonomy.clustering.stability import Stability
    from taxonomy.comparison import AgainstChance, BoundsCost


@dataclasses.dataclass(frozen=True)
class Generated:
    """A tree and what is known of it; printing it says all in words.

    Args:
        tree: over the labels.
        similarity: what it was built from; None for builders that need none.
        stability: how much of it survives noise on the similarities, where that was asked for.
        fit: how far the tree is from chance, and what to try where that is near; None where there
            are no similarities, or fewer than three classes.
        bounds_cost: what bounds on its shape cost, where it has bounds.
        notes: what else a user should know, one sentence each: guesses, gaps, cut links.
        made_by: builder and source in words.
    """

    tree: Hierarchy
    similarity: Similarity | None
    stability: Stability | None
    fit: AgainstChance | None
    bounds_cost: BoundsCost | None
    notes: tuple[str, ...]
    made_by: str

    def __str__(self) -> str:
        """Return the shape of the tree, its fit, its stability and the notes, one line each."""
        from taxonomy.comparison import describe

        lines = [f"{self.made_by}: {describe(self.tree)}"]
        if self.fit is not None:
            lines.append(str(self.fit))
        if self.bounds_cost is not None:
            lines.append(_fit_sentence(self.bounds_cost))
        if (steady := self.stability) is not None:
            lines.append(
                f"stability: a node survives {steady.mean:.0%} of {counted(steady.runs, 'run')} "
                f"with noise of up to {steady.noise:.2g}"
            )
        return "\n".join([*lines, *self.notes])


def generate(
    labels: LabelSet | Path | str | Iterable[str],
    source: Source | str = "wordnet",
    builder: Builder | str = "cluster",
    *,
    stability: int = 0,
    noise: float | None = None,
    **options: Any,
) -> Generated:
    """Build a tree of classes.

    Args:
        labels: a label set, the name of a shipped one, a file, a folder of class folders, or words.
        source: what scores how alike classes are: a registered name or an instance, such as
            `taxonomy.similarity.WordNet`; not used by builders that need no similarity.
        builder: what makes the tree: a registered name or an instance, such as
            `taxonomy.builders.Cluster`.
        stability: trees built of noisy similarities, to tell how many of them keep each node; 0
            for none.
        noise: the most that a similarity is changed by, in [0, 1]; where left out, half the
            smallest step between two similarities.
        options: fields of the source and of the builder that are given by name.

    Raises:
        RegistryError: an unknown name or option.
        LabelError: the labels cannot be read, or mean nothing to the source.
        SimilarityError: the source cannot score the labels.
        ClusteringError: the tree's shape does not fit the number of classes.

    >>> made = generate(["cat", "dog", "car", "bus"], source="random", levels=(2,))
    >>> made.tree
    Hierarchy(4 leaves, 3 nodes, depth 2)
    """
    labels = known(get_labels(labels))
    scorer, maker = resolve(source, builder, options)
    similarity = scorer(labels) if scorer is not None else None
    tree = maker(labels, similarity)
    steady = _stability(maker, labels, similarity, stability, noise) if stability else None
    if steady is not None:
        tree = steady.with_support()
    made_by = BUILDERS.name_of(maker)
    if scorer is not None:
        made_by += f" of {SOURCES.name_of(scorer)}"
    bounds = _bounds_cost(tree, similarity, maker)
    if bounds is not None:
        tree = tree.with_provenance(
            bounds_cost={name: part._asdict() for name, part in bounds._asdict().items()}
        )
    facts = (similarity or tree).provenance
    fit = _fit(tree, similarity, bounds, lambda dealt: maker(labels, dealt))
    sizes = _of_sizes(tree) if hasattr(maker, "levels") else ()
    notes = (*_of_labels(labels, tree), *_notes(facts), *_of_tasks(tree), *sizes)
    return Generated(tree, similarity, steady, fit, bounds, notes, made_by)


def resolve(
    source: Source | str, builder: Builder | str, options: Mapping[str, Any]
) -> tuple[Source | None, Builder]:
    """Return the source, where the builder needs one, and the builder, with their options.

    Raises:
        RegistryError: an unknown name, an unknown option, or an option that both have.
    """
    maker_class = BUILDERS.get(builder) if isinstance(builder, str) else type(builder)
    needs_source = maker_class.needs_similarity
    scorer_class = SOURCES.get(source) if isinstance(source, str) else type(source)
    own = _field_names(maker_class)
    others = _field_names(scorer_class) if needs_source else set()
    for name in options:
        if name in own & others:
            raise RegistryError(
                f"Both {maker_class.__name__} and {scorer_class.__name__} have an option {name!r}; "
                "give an instance of the one that is meant, with its options."
            )
        if name not in own | others:
            known = sorted(own | others)
            around = [*known, "source", "builder", "stability", "noise"]
            has = [f"builder={entry!r}" for entry in BUILDERS.having(name)]
            has += [f"source={entry!r}" for entry in SOURCES.having(name)]
            near = f" It is one of {' and '.join(has)}." if has else did_you_mean(name, around)
            raise RegistryError(
                f"Neither builder nor source has an option {name!r}.{near} "
                f"Their options: {', '.join(known) or 'none'}."
            )
    maker = BUILDERS.resolve(builder, {k: v for k, v in options.items() if k in own})
    if not needs_source:
        return None, maker
    return SOURCES.resolve(source, {k: v for k, v in options.items() if k in others}), maker


def plan(
    labels: LabelSet | Path | str | Iterable[str],
    source: Source | str,
    builder: Builder | str,
    **options: Any,
) -> Any:
    """Return what a language model would be asked for a tree and what that costs; send nothing.

    Raises:
        TaxonomyError: neither source nor builder asks a language model.
    """
    scorer, maker = resolve(source, builder, options)
    asks: Any = maker if scorer is None else scorer
    if not hasattr(asks, "plan"):
        raise TaxonomyError(
            f"{type(asks).__name__} asks no language model, so there is nothing to plan; use the "
            "source or the builder 'llm'."
        )
    return asks.plan(known(get_labels(labels)))


def _of_sizes(tree: Hierarchy) -> tuple[str, ...]:
    """Return a sentence on the largest group that has none below it, where it is very large.

    >>> _of_sizes(Hierarchy.star("abc"))
    ()
    """
    classes, nodes = len(tree.leaves), tree.nodes[1:]
    lowest = nodes[~np.isin(nodes, tree.parent[nodes])]
    largest = int(tree.leaf_counts[lowest].max(initial=0))
    if classes < _MANY_CLASSES or largest * _LARGE < classes:
        return ()
    line = (
        f"one group has {largest:,} of the {classes:,} classes and no groups below it, so that "
        "experts for a few of them save less; `levels='auto'` makes groups of bounded size"
    )
    return (line,)


_MANY_CLASSES = 50
"""Of fewer classes a large group is no surprise."""

_LARGE = 6
"""A group is large that has one class in so many."""


def _field_names(cls: Any) -> set[str]:
    return {field.name for field in dataclasses.fields(cls)}


def _stability(
    builder: Builder,
    labels: LabelSet,
    similarity: Similarity | None,
    runs: int,
    noise: float | None,
) -> Stability:
    from taxonomy.clustering.stability import stability

    if similarity is None:
        raise TaxonomyError(
            f"{type(builder).__name__} reads no similarities, so its tree has no stability; leave "
            "out `stability`, or build the tree with 'cluster' or 'shaped'."
        )
    return stability(similarity.all_pairs(), lambda noisy: builder(labels, noisy), runs, noise)


def _bounds_cost(
    tree: Hierarchy, similarity: Similarity | None, builder: Builder
) -> BoundsCost | None:
    """Return what bounds cost where there are any, and pairs enough to judge by."""
    from taxonomy.comparison import bounds_cost

    if similarity is None or tree.merge_height is not None or len(similarity) < 3:
        return None
    dense = similarity.all_pairs()
    if float(dense.values.sum()) <= len(dense):  # no two classes are alike at all
        return None
    return bounds_cost(tree, dense, getattr(builder, "linkage", "average"))


def _fit(
    tree: Hierarchy,
    similarity: Similarity | None,
    bounds: BoundsCost | None,
    build: Callable[[DenseSimilarity], Hierarchy],
) -> AgainstChance | None:
    """Return how far the tree is from chance, where all pairs of three labels or more are known."""
    from taxonomy.comparison import against_chance

    if similarity is None or not similarity.has_all_pairs or len(similarity) < 3:
        return None
    whole = None if bounds is None else bounds.before.of_chance
    return against_chance(tree, similarity.all_pairs(), build, whole)


def _fit_sentence(cost: BoundsCost) -> str:
    before, after = cost

    def fit(value: float | None) -> str:
        return "undefined" if value is None else f"{value:.3f}"

    return (
        f"normalised cost {after.dasgupta_cost:.3f}, {after.by_chance:.3f} by chance, "
        f"{before.dasgupta_cost:.3f} for the dendrogram without bounds; cophenetic correlation "
        f"{fit(after.cophenetic_fit)}, {fit(before.cophenetic_fit)} without bounds"
    )


def _of_labels(labels: LabelSet, tree: Hierarchy) -> list[str]:
    """Return what is odd about the classes themselves."""
    lines = []
    if len(labels) < _FEWEST:
        lines.append(
            f"{counted(len(labels), 'class makes', 'classes make')} a root without "
            f"groups; give at least {_FEWEST} classes for a tree that says something"
        )
    elif len(tree.nodes) == 1:
        lines.append("nothing is grouped: all classes lie directly below the root")
    if note := misfit_note(labels):
        lines.append(note)
    return lines


_FEWEST = 3
"""Classes below which every tree is a root and its leaves."""


def _notes(facts: Mapping[str, Any]) -> list[str]:
    """Return what is worth knowing of how the similarities, or a tree without any, were made."""
    lines = []
    if filled := facts.get("filled"):
        parts = " and ".join(f"{count} of {how.replace('_', ' ')}" for how, count in filled.items())
        lines.append(
            f"similarities were incomplete: {parts} were filled in, from the other direction or "
            "from the mean scores of the two classes"
        )
    if guessed := facts.get("first_sense"):
        pairs = ", ".join(f"{k} = {v}" for k, v in list(guessed.items())[:5])
        lines.append(
            f"the first WordNet sense was taken for {counted(len(guessed), 'label')}; check "
            f"them: {pairs} …"
        )
    if same := facts.get("same_synset"):
        name, ids = next(iter(same.items()))
        lines.append(
            f"{counted(len(same), 'synset stands', 'synsets stand')} for several labels, which "
            f"count as the same: {name} for {', '.join(ids[:3])} …"
        )
    if nearest := facts.get("neighbours"):
        lines.append(f"only each class's {nearest} nearest are scored; all other pairs count as 0")
    if cut := facts.get("cut"):
        several, above = (len(cut[key]) for key in ("several_ways", "above_others"))
        lines.append(
            f"cut from WordNet's graph ({facts['policy']}): {counted(len(cut['links']), 'link')}, "
            f"{counted(len(cut['left_out']), 'synset')} they led to, {len(cut['collapsed'])} "
            f"with one child; {counted(several, 'class')} had several ways up, "
            f"{counted(above, 'is above others and stands', 'are above others and stand')} beside "
            "them"
        )
    return lines


def _of_tasks(tree: Hierarchy) -> list[str]:
    """Return what a tree that was built for wanted subsets costs, if it was."""
    facts = tree.provenance
    if "least_cost" not in facts:
        return []
    cost, least = (f"{facts[key] / 1e6:.3f} million" for key in ("mean_cost", "least_cost"))
    tasks, quantity = facts["number_of_tasks"], facts["quantity"]
    line = f"experts of its {counted(tasks, 'task')} take {cost} {quantity} on average"
    return [f"{line}; within these bounds no tree's take less than {least}"]
