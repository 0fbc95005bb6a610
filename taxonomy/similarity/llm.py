"""Similarities asked of a language model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from taxonomy._core import io
from taxonomy.labels import LabelSet
from taxonomy.llm.asker import Asker
from taxonomy.llm.asking import Asking
from taxonomy.llm.describing import describe
from taxonomy.llm.scoring import Judgements, judge
from taxonomy.similarity import embedding
from taxonomy.similarity._value import DenseSimilarity


@dataclass(frozen=True)
class LanguageModel(Asking[Judgements | LabelSet]):
    """Similarities that a language model scores, each pair in both directions, averaged.

    Args:
        strategy: ``rows`` rates one class against all others (n requests), ``pairs`` rates batches
            of pairs, ``triplets`` asks for odd ones out, ``describe`` asks how each class looks and
            embeds the answers.
        expected: ask for single digits and use their expected values, from log-probabilities,
            which makes small models usable.
        missing: whether an incomplete matrix is refused or filled in.
        per_pair: number of triplets that each pair is part of at least, for ``triplets``.
    """

    strategy: Literal["rows", "pairs", "triplets", "describe"] = "rows"
    expected: bool = False
    missing: Literal["refuse", "fill"] = "refuse"
    per_pair: int = 6

    def __call__(self, labels: LabelSet) -> DenseSimilarity:
        """Ask what is not stored yet and turn the answers into similarities.

        Raises:
            IncompleteError: scores are missing and ``missing`` is ``refuse``.
            BudgetError: a ceiling would be passed, or nobody agreed to many requests.
            ServerError: the server failed; answers so far are stored.
            LLMError: a transcript is of other classes.
        """
        answers, asker = self.answers(labels)
        if isinstance(answers, LabelSet):
            return self._embedded(labels, answers, asker)
        if self.missing == "refuse":
            answers.refuse_gaps()
        values, filled = answers.values()
        facts: dict[str, io.Json] = {
            "report": {key: round(value, 6) for key, value in answers.report().items()}
        }
        if answers.faults:
            facts["faults"] = dict(sorted(answers.faults.items()))
        if filled:
            facts["filled"] = filled
        made = self._provenance(labels, asker, facts)
        return DenseSimilarity(answers.ids, values, made).restrict(labels.ids)

    def ask(self, labels: LabelSet, asker: Asker) -> Judgements | LabelSet:
        """Return the directed scores; for ``describe``, the labels with descriptions."""
        if self.strategy == "describe":
            return describe(labels, asker)
        return judge(
            self.strategy,
            labels,
            asker,
            repeats=self.repeats,
            expected=self.expected,
            per_pair=self.per_pair,
        )

    @property
    def command(self) -> str:
        """What follows ``taxonomy`` to have this asked at a terminal, with … for the labels."""
        told = self.flags("expected", "repeats", "per_pair", "missing")
        return f"generate … --source llm --strategy {self.strategy}{told}"

    @property
    def parameters(self) -> dict[str, io.Json]:
        """Sampling parameters, and the log-probabilities that expected scores are made of."""
        more = {"logprobs": True, "top_logprobs": 20} if self.expected else {}
        return super().parameters | more

    def _embedded(self, labels: LabelSet, described: LabelSet, asker: Asker) -> DenseSimilarity:
        """Embed the descriptions, as the source ``embedding`` embeds definitions."""
        source = embedding.Embedding(template="{name}: {definition}")
        embedded = source(described.restrict(labels.ids))
        made = self._provenance(labels, asker, {"report": {}}) | {"embedding": embedded.provenance}
        return DenseSimilarity(embedded.ids, embedded.values, made)

    def _provenance(
        self, labels: LabelSet, asker: Asker, facts: dict[str, io.Json]
    ) -> dict[str, io.Json]:
        name = f"{self.strategy}-digit" if self.expected else self.strategy
        template = asker.template(name)
        return io.provenance(
            "llm",
            strategy=self.strategy,
            template=f"{template} {template.digest}",
            **self.made(asker),
            **facts,
            labels=labels.digest,
        )
