"""A language model's own tree of the classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from taxonomy._core import io
from taxonomy._core.errors import IncompleteError
from taxonomy.labels import LabelSet
from taxonomy.llm.asker import Asker
from taxonomy.llm.grouping import Group, assign, groups, option_names
from taxonomy.llm.settings import Plan, Settings, confirm, plan
from taxonomy.llm.template import get_template
from taxonomy.llm.transcript import asked_about
from taxonomy.similarity import Similarity
from taxonomy.trees.consensus import consensus
from taxonomy.trees.hierarchy import Hierarchy


@dataclass(frozen=True)
class LanguageModelTree(Settings):
    """A tree that a language model makes itself; of several answers, their majority consensus.

    Args:
        strategy: ``groups`` has the model sort all classes into a tree, ``assign`` has it choose
            among listed groups for one class after the other.
        options: for ``assign``, names of the top groups separated by semicolons; proposed by the
            model when empty.
        tiers: for ``assign``, levels of groups.
        first: number of the first answer used, counted from 0.
    """

    strategy: Literal["groups", "assign"] = "groups"
    options: str = ""
    tiers: int = 1
    first: int = 0

    needs_similarity: ClassVar[bool] = False

    def __call__(self, labels: LabelSet, similarity: Similarity | None = None) -> Hierarchy:
        """Ask what is not stored yet and read the tree off the answers.

        Raises:
            IncompleteError: there is no usable tree, or a class has no place in it.
            BudgetError: a ceiling would be passed, or many requests were not confirmed.
            ServerError: the server failed; answers so far are stored.
            LLMError: a transcript is of other classes.
        """
        asked = asked_about(self.transcript, labels)
        confirm(self, lambda asker: self.ask(asked, asker))
        with self.asker() as asker:
            trees = self.ask(asked, asker)
            made = self.provenance(labels, asker)
        raw = trees[0] if len(trees) == 1 else consensus(trees, "majority").tree
        if asked.ids != labels.ids:
            raw = raw.restrict(labels.ids, unary="collapse")
        raw.provenance.update(made)
        return raw

    def plan(self, labels: LabelSet) -> Plan:
        """Return what calling this would send first, sending nothing."""
        asked = asked_about(self.transcript, labels)
        return plan(self, lambda asker: self.ask(asked, asker), staged=True)

    def ask(self, labels: LabelSet, asker: Asker) -> list[Hierarchy]:
        """Return one tree per answer; ask for all of them before complaining about one."""
        trees, lacking = [], []
        for repeat in range(self.first, self.first + max(1, self.repeats)):
            try:
                trees.append(Hierarchy.from_nested(self._nested(labels, asker, repeat)))
            except IncompleteError as error:
                lacking.append(error)
        if lacking:
            raise lacking[0]
        return trees

    def _nested(self, labels: LabelSet, asker: Asker, repeat: int) -> Group:
        if self.strategy == "groups":
            return groups(labels, asker, repeat)
        options = option_names(self.options)
        return assign(labels, asker, options, levels=self.tiers, repeat=repeat)

    def provenance(self, labels: LabelSet, asker: Asker) -> dict[str, io.Json]:
        """Return what made the tree."""
        template = get_template(self.strategy)
        facts: dict[str, io.Json] = {
            "strategy": self.strategy,
            "template": f"{template} {template.digest}",
        }
        facts |= self.made(asker)
        return io.provenance("llm", **facts, first=self.first, labels=labels.digest)
