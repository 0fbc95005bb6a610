"""The one way in which classes are asked about: planned, agreed to, asked, read, recorded."""

from __future__ import annotations

import shlex
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import partial
from typing import ClassVar, Generic, TypeVar

from taxonomy._core.errors import IncompleteError
from taxonomy.labels import LabelSet
from taxonomy.llm.asker import Asker
from taxonomy.llm.budget import Price
from taxonomy.llm.plan import MANY, Plan, require_consent
from taxonomy.llm.question import Question
from taxonomy.llm.settings import Settings
from taxonomy.llm.transcript import Transcript, asked_about
from taxonomy.wordnet.known import known

Answers = TypeVar("Answers")


@dataclass(frozen=True)
class Asking(Settings, ABC, Generic[Answers]):
    """Whatever asks a language model about a label set: a source, a builder, the senses of names.

    A subclass says in `ask` what is asked and what the answers amount to, and has its own options
    beside those of `Settings`; its ``__call__`` makes the result of `answers`.
    """

    staged: ClassVar[bool] = False
    """Whether there are questions that depend on answers."""

    @abstractmethod
    def ask(self, labels: LabelSet, asker: Asker) -> Answers:
        """Ask everything about the labels through an asker, and return what the answers amount to.

        Raises:
            IncompleteError: answers are missing, and nothing can be made of the others.
        """

    @property
    @abstractmethod
    def command(self) -> str:
        """What follows ``taxonomy`` to have this asked at a terminal, with … for the labels."""

    def flags(self, *names: str) -> str:
        """Return the flags of the options named, as far as they are not the usual ones."""
        usual = {field.name: field.default for field in fields(self)}
        words = []
        for name in names:
            if (value := getattr(self, name)) != usual[name]:
                words.append(f"--{name.replace('_', '-')}")
                words += [] if value is True else [str(value)]
        return "".join(f" {shlex.quote(word)}" for word in words)

    def shown(self, labels: LabelSet) -> LabelSet:
        """Return what of the labels a request may say: all of it, unless a subclass says less.

        A name that is a code of WordNet is said in words.

        Raises:
            LabelError: a code that WordNet does not have.
        """
        return known(labels)

    def asked(self, labels: LabelSet) -> LabelSet:
        """Return the classes asked about: the labels, or all classes of the transcript.

        Raises:
            LLMError: the transcript lacks a class, or means something else by it.
        """
        return asked_about(self.transcript, self.shown(labels))

    def plan(self, labels: LabelSet) -> Plan:
        """Return what calling this would send and cost at most; nothing is sent.

        Raises:
            LLMError: a transcript is of other classes, or no model is named.
            BudgetError: a price or a ceiling that is none.
        """
        return planned(self, partial(self.ask, self.asked(labels)), staged=self.staged)

    def answers(self, labels: LabelSet) -> tuple[Answers, Asker]:
        """Ask what is not stored yet; return what all answers amount to, and who asked.

        Raises:
            IncompleteError: answers are missing.
            BudgetError: a ceiling would be passed, or nobody agreed to many requests.
            ServerError: the server failed; answers so far are stored.
            LLMError: a transcript is of other classes, or no model is named.
        """
        return answered(self, partial(self.ask, self.asked(labels)))

    def record(self, labels: LabelSet, note: str = "") -> tuple[Transcript, int]:
        """Return the stored answers as a transcript, and how many questions have none yet.

        Args:
            labels: the classes that were asked about.
            note: what a reader of the transcript has to know.

        Raises:
            LLMError: no answer to these questions is stored.
        """
        with self.asker(send=False, keep=False) as asker:
            self.follow(labels, asker)
            transcript = Transcript.of_store(
                asker.store,
                self.asked(labels),
                asker.model,
                asker.context,
                asker.parameters,
                asker.used,
                note,
            )
        return transcript, len(asker.outstanding)

    def follow(self, labels: LabelSet, asker: Asker) -> None:
        """Ask as far as the answers go; the asker notes which are used and which are missing."""
        with suppress(IncompleteError):
            self.ask(self.asked(labels), asker)


Run = Callable[[Asker], Answers]
"""Asks through an asker, and returns what the answers amount to."""


def planned(settings: Settings, run: Run[object], *, staged: bool = False) -> Plan:
    """Return what a run would send and cost at most; nothing is sent.

    Args:
        settings: of the run.
        run: what asks; its missing answers are what would be sent.
        staged: whether there are questions that depend on answers.
    """
    with settings.asker(send=False, keep=False) as asker:
        complete = True
        try:
            run(asker)
        except IncompleteError:
            complete = False
        questions = list(asker.outstanding.values())
        return _plan(settings, asker, questions, more=staged and not complete)


def _plan(
    settings: Settings, asker: Asker, questions: Sequence[Question], *, more: bool = False
) -> Plan:
    price = Price.parse(settings.price) if settings.price else None
    client = settings.client(asker.store)
    read = sum(question.most_read for question in questions)
    written = sum(client.room(question) for question in questions)
    cost = price.of(read, written) if price else None
    return Plan(len(questions), read, written, cost, len(asker.used), more)


def answered(settings: Settings, run: Run[Answers]) -> tuple[Answers, Asker]:
    """Ask what is not stored yet; return what a run makes of all answers, and who asked.

    Raises:
        BudgetError: a ceiling would be passed, or nobody agreed to many requests.
        ServerError: the server failed; answers so far are stored.
    """
    agreed = agree(settings, run)
    left = MANY + (agreed if agreed > MANY else 0)

    def before_sending(questions: Sequence[Question]) -> None:
        """Have somebody agree to what depends on answers, too, once that makes many."""
        nonlocal left
        left -= len(questions)
        if left < 0 and not settings.yes:
            require_consent(_plan(settings, asker, questions))
            left = MANY

    with settings.asker() as asker:
        asker.before_sending = before_sending
        return run(asker), asker


def agree(settings: Settings, run: Run[object]) -> int:
    """Have somebody agree where a run would send many requests; return how many it would send.

    Raises:
        BudgetError: nobody did.
    """
    if settings.yes or settings.transcript:
        return 0
    plan = planned(settings, run)
    if plan.requests > MANY:
        require_consent(plan)
    return plan.requests
