"""Similarities asked of a language model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from taxonomy._core import io
from taxonomy.labels import LabelSet
from taxonomy.llm.asker import Asker
from taxonomy.llm.describing import describe
from taxonomy.llm.scoring import Judgements, judge
from taxonomy.llm.settings import Plan, Settings, confirm, plan
from taxonomy.llm.template import get_template
from taxonomy.llm.transcript import asked_about
from taxonomy.similarity import embedding
from taxonomy.similarity._value import Similarity


@dataclass(frozen=True)
class LanguageModel(Settings):
    """Scores that a language model gives, both directions averaged.

    Args:
        strategy: ``rows`` rates one class against all others (n requests), ``pairs`` rates batches
            of pairs, ``triplets`` asks for odd ones out, ``describe`` asks how each class looks and
            embeds the answers.
        expected: ask for digits and use their expected value, from log-probabilities; the way to
            get use out of a small model.
        missing: whether an incomplete matrix is refused or filled in.
        per_pair: triplets that each pair is part of at least, for ``triplets``.
    """

    strategy: Literal["rows", "pairs", "triplets", "describe"] = "rows"
    expected: bool = False
    missing: Literal["refuse", "fill"] = "refuse"
    per_pair: int = 6

    def __call__(self, labels: LabelSet) -> Similarity:
        """Ask what is not stored yet and turn the answers into similarities.

        Raises:
            IncompleteError: scores are missing and ``missing`` is ``refuse``.
            BudgetError: a ceiling would be passed, or many requests were not confirmed.
            ServerError: the server failed; answers so far are stored.
            LLMError: a transcript is of other classes.
        """
        asked = asked_about(self.transcript, labels)
        confirm(self, lambda asker: self.ask(asked, asker))
        with self.asker() as asker:
            if self.strategy == "describe":
                return self._described(labels, describe(asked, asker), asker)
            judged = self.judge(asked, asker)
            if self.missing == "refuse":
                judged.refuse_gaps()
            values, filled = judged.values()
            made = self._made(labels, asker, judged.report(), dict(judged.faults))
        if filled:
            made["filled"] = filled
        return Similarity(asked.ids, values, made).restrict(labels.ids)

    @property
    def parameters(self) -> dict[str, io.Json]:
        """Sampling parameters, and the log-probabilities that expected scores are made of."""
        more = {"logprobs": True, "top_logprobs": 20} if self.expected else {}
        return super().parameters | more

    def plan(self, labels: LabelSet) -> Plan:
        """Return what calling this would send, sending nothing."""
        asked = asked_about(self.transcript, labels)
        return plan(self, lambda asker: self.ask(asked, asker))

    def judge(self, labels: LabelSet, asker: Asker) -> Judgements:
        """Return the directed scores."""
        return judge(
            self.strategy,
            labels,
            asker,
            repeats=self.repeats,
            expected=self.expected,
            per_pair=self.per_pair,
        )

    def ask(self, labels: LabelSet, asker: Asker) -> None:
        """Ask everything, for the answers to be stored or the outstanding questions known."""
        if self.strategy == "describe":
            describe(labels, asker)
        else:
            self.judge(labels, asker)

    def _described(self, labels: LabelSet, texts: LabelSet, asker: Asker) -> Similarity:
        """Embed the descriptions, as the source ``embedding`` embeds definitions."""
        embedded = embedding.Embedding(template="{name}: {definition}")(texts.restrict(labels.ids))
        made = self._made(labels, asker, {}, {})
        return Similarity(embedded.ids, embedded.values, made | {"embedding": embedded.provenance})

    def _made(
        self,
        labels: LabelSet,
        asker: Asker,
        report: Mapping[str, float],
        faults: Mapping[str, int],
    ) -> dict[str, io.Json]:
        name = f"{self.strategy}-digit" if self.expected else self.strategy
        template = get_template(name)
        facts = {
            "strategy": self.strategy,
            "template": f"{template} {template.digest}",
            **self.made(asker),
            "report": {key: round(value, 6) for key, value in report.items()},
        }
        if faults:
            facts["faults"] = dict(sorted(faults.items()))
        return io.provenance("llm", **facts, labels=labels.digest)
