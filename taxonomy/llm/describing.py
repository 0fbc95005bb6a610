"""The strategy ``describe``: how each class looks, in a sentence or two, to be embedded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from taxonomy._core import io
from taxonomy._core.errors import IncompleteError
from taxonomy.labels import Label, LabelSet
from taxonomy.llm.asker import Asker
from taxonomy.llm.question import Prompt, category
from taxonomy.llm.reply import Single, first_faults, phrase, remedy

LONGEST = 600
"""Characters that a description may have."""


def describe(labels: LabelSet, asker: Asker) -> LabelSet:
    """Return the labels with a visual description in place of their definition.

    Raises:
        IncompleteError: a class has no usable description.
    """
    prompts = [prompt(label) for label in labels]
    outcomes = asker.ask(prompts)
    missing = {
        label.id: str(next(iter(outcome.faults.values())))
        for label, outcome in zip(labels, outcomes, strict=True)
        if outcome.faults
    }
    if missing:
        raise IncompleteError(
            f"{len(missing)} of {len(labels)} classes have no description "
            f"({first_faults(missing)}). {remedy(missing)}",
            missing,
        )
    return LabelSet(
        replace(label, definition=outcome.values["description"])
        for label, outcome in zip(labels, outcomes, strict=True)
    )


def prompt(label: Label) -> Prompt:
    """Return the question how a class looks."""

    def user(_: Sequence[str]) -> io.Json:
        return {"category": category(label)}

    return Prompt("describe", ("description",), user, Single("description", phrase(LONGEST)))
