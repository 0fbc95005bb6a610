"""A language model's own tree of the classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from taxonomy._core import io
from taxonomy._core.errors import IncompleteError
from taxonomy.labels import LabelSet
from taxonomy.llm.asker import Asker
from taxonomy.llm.asking import Asking
from taxonomy.llm.grouping import Group, assign, groups, option_names
from taxonomy.similarity import Similarity
from taxonomy.trees.consensus import consensus_tree
from taxonomy.trees.hierarchy import Hierarchy


@dataclass(frozen=True)
class LanguageModelTree(Asking[list[Hierarchy]]):
    """A tree that a language model makes itself; of several answers, their majority consensus.

    Args:
        strategy: ``groups`` has the model sort all classes into a tree, ``assign`` has it choose
            among listed groups for one class after the other.
        options: for ``assign``, names of the top groups separated by semicolons; proposed by the
            model when empty.
        depth: for ``assign``, number of levels of groups.
        repeats: number of independent answers, whose majority consensus is the tree.
        first_repeat: number of the first answer used, counted from 0, to make one tree of one of
            several stored answers.
    """

    strategy: Literal["groups", "assign"] = "groups"
    options: str = ""
    depth: int = 1
    first_repeat: int = 0

    needs_similarity: ClassVar[bool] = False
    staged: ClassVar[bool] = True

    def __call__(self, labels: LabelSet, similarity: Similarity | None = None) -> Hierarchy:
        """Ask what is not stored yet and read the tree off the answers.

        Raises:
            IncompleteError: there is no usable tree, or a class has no place in it.
            BudgetError: a ceiling would be passed, or nobody agreed to many requests.
            ServerError: the server failed; answers so far are stored.
            LLMError: a transcript is of other classes.
        """
        trees, asker = self.answers(labels)
        tree = trees[0] if len(trees) == 1 else consensus_tree(trees, "majority")
        if tree.leaves != labels.ids:
            tree = tree.restrict(labels.ids, unary="collapse")
        return tree.with_provenance(**self._provenance(labels, asker))

    def ask(self, labels: LabelSet, asker: Asker) -> list[Hierarchy]:
        """Return one tree per answer; ask for all of them before complaining about one."""
        trees, lacking = [], []
        for repeat in range(self.first_repeat, self.first_repeat + max(1, self.repeats)):
            try:
                trees.append(Hierarchy.from_nested(self._nested(labels, asker, repeat)))
            except IncompleteError as error:
                lacking.append(error)
        if lacking:
            raise lacking[0]
        return trees

    @property
    def command(self) -> str:
        """What follows ``taxonomy`` to have this asked at a terminal, with … for the labels."""
        told = self.flags("options", "depth", "repeats", "first_repeat")
        return f"generate … --builder llm --strategy {self.strategy}{told}"

    def _nested(self, labels: LabelSet, asker: Asker, repeat: int) -> Group:
        if self.strategy == "groups":
            return groups(labels, asker, repeat)
        options = option_names(self.options)
        return assign(labels, asker, options, depth=self.depth, repeat=repeat)

    def _provenance(self, labels: LabelSet, asker: Asker) -> dict[str, io.Json]:
        template = asker.template(self.strategy)
        return io.provenance(
            "llm",
            strategy=self.strategy,
            template=f"{template} {template.digest}",
            **self.made(asker),
            first=self.first_repeat,
            labels=labels.digest,
        )
