"""Where two language models, or two runs of one, disagree: their transcripts compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pandas as pd

from taxonomy._core.errors import LLMError, RegistryError, did_you_mean
from taxonomy._core.spelling import counted
from taxonomy.builders import Cluster, LanguageModelTree
from taxonomy.comparison import compare, moved
from taxonomy.comparison.report import moves
from taxonomy.comparison.similarities import Disagreement, disagreement
from taxonomy.labels import LabelSet
from taxonomy.llm.asking import Asking
from taxonomy.llm.sensing import Senses
from taxonomy.llm.transcript import Transcript
from taxonomy.similarity import LanguageModel
from taxonomy.wordnet.graph import NounGraph
from taxonomy.wordnet.opinions import Opinion


def asking_by_strategy() -> dict[str, type[Asking[Any]]]:
    """Return every strategy by which a language model is asked, with the class that asks by it.

    >>> asking_by_strategy()["groups"].__name__
    'LanguageModelTree'
    """
    return {
        strategy: cls
        for cls in (LanguageModel, LanguageModelTree, Senses)
        for strategy in get_args(get_type_hints(cls)["strategy"])
    }


def asking_class(strategy: str) -> type[Asking[Any]]:
    """Return the class that asks by a strategy: a source, a builder, or the senses of names.

    Args:
        strategy: such as ``rows``, ``groups`` or ``senses``.

    Raises:
        RegistryError: there is no such strategy.

    >>> asking_class("rows").__name__
    'LanguageModel'
    """
    known = asking_by_strategy()
    if strategy not in known:
        raise RegistryError(
            f"Unknown strategy {strategy!r}.{did_you_mean(strategy, known)} "
            f"Choose from: {', '.join(known)}."
        )
    return known[strategy]


@dataclass(frozen=True, eq=False)
class TranscriptComparison:
    """Where two transcripts of one strategy disagree, over the classes that they share.

    Args:
        strategy: by which both were asked, such as ``rows``.
        models: names of the two models.
        labels: ids of the classes that both are about.
        senses: one row a name that both were asked about: ``label`` and the synsets ``a`` and
            ``b``, ``none`` where a model gave none; only for ``senses``.
        scores: how the similarities differ; only for strategies that score.
        metrics: one row with every metric of the two trees; not for ``senses``.
        moved: one row a class, those first whose neighbours in the trees changed most, as
            `taxonomy.comparison.moved` gives them; not for ``senses``.
    """

    strategy: str
    models: tuple[str, str]
    labels: tuple[str, ...]
    senses: pd.DataFrame | None = None
    scores: Disagreement | None = None
    metrics: pd.DataFrame | None = None
    moved: pd.DataFrame | None = None

    @property
    def differences(self) -> pd.DataFrame | None:
        """The rows that differ: names that mean something else, or pairs of classes by score."""
        if self.senses is not None:
            return self.senses[self.senses.a != self.senses.b]
        return None if self.scores is None else self.scores.pairs

    def to_text(self, most: int = 10) -> str:
        """Return the comparison in words.

        Args:
            most: rows shown of each table.
        """
        lines = [f"{counted(len(self.labels), 'class')}; a: {self.models[0]}, b: {self.models[1]}"]
        if self.senses is not None and self.differences is not None:
            rows = self.differences.head(most).to_dict("records")
            lines.append(
                f"{len(self.differences)} of {counted(len(self.senses), 'name')} differ in meaning:"
            )
            lines += [f"  {row['label']}: {row['a']}, then {row['b']}" for row in rows]
        if (scores := self.scores) is not None:
            how = f"mean difference {scores.difference:.4f}, correlation {scores.correlation:.4f}"
            lines += [how, "pairs that moved farthest:"]
            pairs = scores.pairs[scores.pairs["a"] != scores.pairs["b"]]
            for row in pairs.head(most).to_dict("records"):
                pair = f"{row['one']} – {row['other']}"
                lines.append(f"  {pair}: {row['a']:.3f}, then {row['b']:.3f}")
            lines.append("classes that moved farthest:")
            classes = scores.classes[scores.classes["difference"] > 0]
            for row in classes.head(most).to_dict("records"):
                lines.append(f"  {row['label']}: {row['difference']:.4f} on average")
        if self.metrics is not None and self.moved is not None:
            lines.append(self.metrics.round(3).set_index(["a", "b"]).T.to_string())
            lines.append("classes whose neighbours in the tree moved farthest:")
            lines += moves(self.moved, most)
        return "\n".join(lines)


def compare_transcripts(a: Path | str, b: Path | str) -> TranscriptComparison:
    """Compare what two transcripts say of the classes that they share; nothing is asked.

    Args:
        a: a transcript, a file or a shipped one such as ``icons/llm-rows``.
        b: another one by the same strategy.

    Raises:
        FileFormatError: a file is missing, damaged, or no transcript.
        LLMError: they are of different strategies, or share fewer than two classes.
        IncompleteError: answers are missing from one of them.

    >>> found = compare_transcripts("icons/llm-groups", "icons/llm-groups")
    >>> found.strategy, len(found.labels), float(found.metrics["robinson_foulds"].iloc[0])
    ('groups', 212, 0.0)
    """
    transcripts = [Transcript.load(name) for name in (a, b)]
    one, other = (transcript.strategy for transcript in transcripts)
    if one != other:
        raise LLMError(
            f"{a} answers {one} and {b} {other}; compare transcripts of one strategy, or their "
            "trees: taxonomy compare."
        )
    labels = _shared(transcripts, (a, b))
    models = (transcripts[0].model, transcripts[1].model)
    strategy = one.removesuffix("-digit")
    options: dict[str, Any] = {"strategy": strategy}
    cls = asking_class(strategy)
    if cls is LanguageModel:
        options |= {"expected": one.endswith("-digit"), "missing": "fill"}
    answers = [
        cls(transcript=str(name), **options)(some)  # type: ignore[operator]
        for name, some in zip((a, b), labels, strict=True)
    ]
    ids = labels[0].ids
    if cls is Senses:
        return TranscriptComparison(strategy, models, ids, senses=_senses(*answers))
    scores = None
    if cls is LanguageModel:
        scores = disagreement(*answers)
        answers = [Cluster()(some, made) for some, made in zip(labels, answers, strict=True)]
    one_tree, other_tree = answers
    return TranscriptComparison(
        strategy,
        models,
        ids,
        scores=scores,
        metrics=compare({"a": one_tree, "b": other_tree}),
        moved=moved(one_tree, other_tree),
    )


def _shared(transcripts: Sequence[Transcript], names: Sequence[Path | str]) -> list[LabelSet]:
    """Return each transcript's labels of the classes that both are about."""
    one, other = (set(transcript.labels.ids) for transcript in transcripts)
    if len(one & other) < 2:
        raise LLMError(f"{names[0]} and {names[1]} share {counted(len(one & other), 'class')}.")
    return [transcript.labels.restrict(sorted(one & other)) for transcript in transcripts]


def _senses(a: dict[str, Opinion], b: dict[str, Opinion]) -> pd.DataFrame:
    """Return the synsets that both say, one row a name."""
    graph = NounGraph.load()

    def synset(opinion: Opinion) -> str:
        return graph.name(graph.index(opinion.wnid)) if opinion.wnid else "none"

    rows = [(label, synset(a[label]), synset(b[label])) for label in sorted(a.keys() & b.keys())]
    return pd.DataFrame(rows, columns=["label", "a", "b"])
