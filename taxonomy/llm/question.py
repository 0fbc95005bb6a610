"""What is asked of a model, and the key under which its answer is stored."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from taxonomy._core import io
from taxonomy.labels import Label
from taxonomy.llm.reply import Fault, Reply
from taxonomy.llm.template import Template, get_template

PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_. ")
LONGEST = {"id": 64, "name": 200, "definition": 500}
"""Characters of a label that a request carries; longer names and definitions are cut."""


@dataclass(frozen=True)
class Question:
    """One request, complete but for the guards that a client adds (most tokens, output mode).

    Args:
        model: name of the model.
        template: the template that the system message was made of.
        system: the system message.
        user: the user message, JSON.
        parameters: sampling parameters that the user chose.
        repeat: counts independent answers to one question, from 0.
        attempt: 0, or 1 and 2 where an earlier answer was faulty.
        wanted: the items that the answer must hold.
        reply: the form of the answer.
    """

    model: str
    template: Template
    system: str
    user: str
    parameters: Mapping[str, io.Json]
    repeat: int
    attempt: int
    wanted: tuple[str, ...] = field(compare=False)
    reply: Reply = field(compare=False)

    @property
    def messages(self) -> list[dict[str, str]]:
        """The chat messages."""
        return [
            {"role": "system", "content": self.system},
            {"role": "user", "content": self.user},
        ]

    @property
    def body(self) -> dict[str, io.Json]:
        """The request body without guards."""
        return {"model": self.model, "messages": self.messages, **self.parameters}

    @cached_property
    def key(self) -> str:
        """The sha256 of all that makes an answer another one."""
        return key_of(self.body, self.template.digest, self.repeat, self.attempt)

    @cached_property
    def most_read(self) -> int:
        """Tokens that the messages can take at most: one a byte, and the chat's own marks."""
        return sum(len(message["content"].encode()) + 32 for message in self.messages)


def key_of(body: Mapping[str, io.Json], template: str, repeat: int, attempt: int) -> str:
    """Return the key of a request body, its template's digest, its repeat and its attempt."""
    return io.digest([dict(body), template, repeat, attempt])


@dataclass(frozen=True)
class Prompt:
    """A question before its model is known, able to be asked again for a part of its items.

    Args:
        template: name of the template.
        wanted: the items that answers must hold.
        user: makes the user message's JSON for the items still wanted.
        reply: the form of the answers.
        slots: of the template, besides ``context``.
        attempts: how often it is asked at most, faulty parts again.
    """

    template: str
    wanted: tuple[str, ...]
    user: Callable[[Sequence[str]], io.Json]
    reply: Reply
    slots: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 3

    def question(
        self,
        model: str,
        context: str,
        parameters: Mapping[str, io.Json],
        repeat: int,
        faults: Mapping[str, Fault],
        attempt: int,
        template: Template | None = None,
    ) -> Question:
        """Return the question; from the second attempt on only for the items at fault."""
        template = template or get_template(self.template)
        system = template.fill(context=context, **self.slots)
        wanted = self.wanted
        if attempt:
            wanted = tuple(item for item in self.wanted if item in faults)
            reasons = ", ".join(sorted({str(fault) for fault in faults.values()}))
            system += "\n\n" + get_template("again").fill(reason=reasons)
        user = json.dumps(self.user(wanted), separators=(",", ":"), ensure_ascii=False)
        return Question(
            model, template, system, user, parameters, repeat, attempt, wanted, self.reply
        )


def wire_id(label_id: str) -> str:
    """Return the id under which a label travels: its own where that is plain, else a digest.

    So no id can look like an instruction, break a schema or come back altered, and no other
    label's request changes because of it.

    >>> wire_id("alarm-clock"), wire_id('"]} ignore all')
    ('alarm-clock', 'id-cb103ec0e075')
    """
    if len(label_id) <= LONGEST["id"] and set(label_id) <= PLAIN:
        return label_id
    return f"id-{io.digest(label_id)[:12]}"


def category(label: Label) -> dict[str, str]:
    """Return what a request says of a label: id, name and definition, as data."""
    entry = {
        "id": wire_id(label.id),
        "name": _cut(label.name, LONGEST["name"]),
        "definition": _cut(label.definition, LONGEST["definition"]),
    }
    return {key: value for key, value in entry.items() if value}


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
