"""Asking prompts to their ends: answers from the store first, faulty parts again, then missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any

from taxonomy._core import io
from taxonomy._core.errors import ReplyError
from taxonomy.llm.client import Client
from taxonomy.llm.completion import (
    expected,
    fills_window,
    is_cut,
    is_refused,
    log_probabilities,
    loses_question,
    text_of,
    thoughts_of,
    usage,
)
from taxonomy.llm.parsing import parse, parse_cut, spots
from taxonomy.llm.question import Prompt, Question
from taxonomy.llm.reply import Answers, Fault, Object
from taxonomy.llm.store import Store
from taxonomy.llm.template import Template, get_template


@dataclass
class Outcome:
    """The outcome of a prompt: its values and faults, or what is missing.

    Args:
        values: the usable values by item.
        faults: why each other item has none.
        expected: expected values from log-probabilities, for the items that have them.
        question: the question that is to be asked next, None at the end.
        seen: how often each fault came, repaired or not.
    """

    values: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    expected: dict[str, float] = field(default_factory=dict)
    question: Question | None = None
    seen: Counter[str] = field(default_factory=Counter)


class Asker:
    """Asks a model, or only reads what is stored.

    Args:
        store: where answers are looked up.
        model: name of the model.
        context: what the templates' ``{context}`` says of the classes; empty for nothing.
        parameters: sampling parameters.
        client: sends what is not stored; None to send nothing.
        room: the most tokens that a question's answer may have in this run, so that what was cut
            off with fewer is asked again; the client's where there is one.
        versions: of the templates by name, where they are not the latest; a transcript's are those
            that its questions were made of.

    Attributes:
        before_sending: called with the questions that are about to be sent; it may raise.
        outstanding: questions that were not stored and not sent.
        used: keys of all answers that were read.
        seen: how often each fault came, repaired or not.
    """

    def __init__(
        self,
        store: Store,
        model: str,
        context: str,
        parameters: Mapping[str, io.Json] | None = None,
        client: Client | None = None,
        room: Callable[[Question], int] | None = None,
        versions: Mapping[str, int] | None = None,
    ) -> None:
        self.store = store
        self.model = model
        self.context = context
        self.parameters = dict(parameters or {})
        self.client = client
        self.room = client.room if client is not None and room is None else room
        self.versions = dict(versions or {})
        self.before_sending: Callable[[Sequence[Question]], None] | None = None
        self.outstanding: dict[str, Question] = {}
        self.used: set[str] = set()
        self.seen: Counter[str] = Counter()

    def ask(self, prompts: Sequence[Prompt], repeat: int = 0) -> list[Outcome]:
        """Return the outcome of every prompt, in order.

        Raises:
            ServerError: a request failed for good; answers so far are stored.
            BudgetError: a ceiling is reached; answers so far are stored.
        """
        if self.client is not None:
            distinct = {}
            for prompt in prompts:
                if (question := self.follow(prompt, repeat).question) is not None:
                    distinct[question.key] = question, prompt
            if self.before_sending is not None:
                self.before_sending([question for question, _ in distinct.values()])
            self.client.run(
                [partial(self._next, prompt, repeat) for _, prompt in distinct.values()]
            )
        outcomes = [self.follow(prompt, repeat) for prompt in prompts]
        for outcome in outcomes:
            self.seen += outcome.seen
            if outcome.question is not None:
                self.outstanding[outcome.question.key] = outcome.question
        return outcomes

    def template(self, name: str) -> Template:
        """Return the template of a name that this asks by."""
        return get_template(name, self.versions.get(name))

    def _next(self, prompt: Prompt, repeat: int) -> Question | None:
        return self.follow(prompt, repeat).question

    def follow(self, prompt: Prompt, repeat: int) -> Outcome:
        """Follow a prompt through its stored answers, up to the first that is missing."""
        outcome = Outcome(faults=dict.fromkeys(prompt.wanted, Fault.UNASKED))
        answer: io.Json = None
        for attempt in count():
            question = prompt.question(
                self.model,
                self.context,
                self.parameters,
                repeat,
                outcome.faults,
                attempt,
                self.template(prompt.template),
            )
            before, answer = answer, self.store.answer(question.key)
            if answer is None:
                if attempt < prompt.attempts or self._allows_more(before, question):
                    outcome.question = question
                break
            self.used.add(question.key)
            reading = read(answer, question)
            outcome.seen.update(str(fault) for fault in set(reading.faults.values()))
            outcome.seen[str(Fault.INVENTED)] += reading.invented
            outcome.values |= reading.values
            outcome.expected |= expected(answer, reading.spots)
            outcome.faults = reading.faults
            if not outcome.faults:
                break
        outcome.seen = +outcome.seen
        return outcome

    def _allows_more(self, answer: io.Json, question: Question) -> bool:
        """Return whether the last answer was cut off at fewer tokens than this run allows."""
        if self.room is None or not is_cut(answer):
            return False
        used = usage(answer)  # of a batch's results nothing else is known
        allowed = answer.get("allowed", used and used[1])
        return isinstance(allowed, int) and self.room(question) > allowed


def read(answer: Mapping[str, Any], question: Question) -> Answers:
    """Sort a stored completion into values and faults; nothing in it is trusted."""
    cut = is_cut(answer)
    how = Fault.WINDOW if cut and fills_window(answer) else Fault.TRUNCATED
    keys = question.reply.schema(question.wanted)["required"]
    try:
        content, start, whole = _content(answer, keys, cut=cut, divisible=question.reply.divisible)
        reading = question.reply.read(content, question.wanted)
    except ReplyError as error:
        fault = how if error.fault == Fault.TRUNCATED else error.fault
        if loses_question(answer, sum(len(m["content"].encode()) for m in question.messages)):
            fault = Fault.UNREAD
        return Answers(faults=dict.fromkeys(question.wanted, fault))
    if not whole:
        for item, fault in reading.faults.items():
            reading.faults[item] = how if fault == Fault.MISSING else fault
    if log_probabilities(answer):
        text = text_of(answer["choices"][0]["message"])
        reading.spots = spots(text, start, list(reading.values))
    return reading


def _content(
    answer: Mapping[str, Any], keys: Sequence[str], *, cut: bool, divisible: bool
) -> tuple[Object, int, bool]:
    """Return the object that is the answer, where it begins, and whether it is whole.

    Raises:
        ReplyError: there is none.
    """
    choice = answer["choices"][0]
    if is_refused(choice):
        raise ReplyError(Fault.REFUSED)
    text = text_of(choice["message"])
    if not text.strip():
        if cut:
            raise ReplyError(Fault.UNFINISHED)
        # Where a server takes the whole answer for thoughts, it ends with the object.
        if not (thoughts := thoughts_of(choice["message"])):
            raise ReplyError(Fault.EMPTY)
        try:
            return *parse(thoughts, keys, ending=True), True
        except ReplyError:
            raise ReplyError(Fault.THOUGHTS) from None
    try:
        return *parse(text, keys, ending=cut, leading=cut), True
    except ReplyError as error:
        if not cut or error.fault == Fault.UNFINISHED:
            raise
        if not divisible:
            raise ReplyError(Fault.TRUNCATED) from None
    return *parse_cut(text, keys), False
