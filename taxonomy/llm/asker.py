"""Asking prompts to their ends: answers from the store first, faulty parts again, then missing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from typing import Any

from taxonomy._core import io
from taxonomy._core.errors import ReplyError
from taxonomy.llm.client import Client
from taxonomy.llm.question import Prompt, Question
from taxonomy.llm.reply import Answers, Fault, parse, spots, text_of
from taxonomy.llm.store import Store


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
    ) -> None:
        self.store = store
        self.model = model
        self.context = context
        self.parameters = dict(parameters or {})
        self.client = client
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

    def _next(self, prompt: Prompt, repeat: int) -> Question | None:
        return self.follow(prompt, repeat).question

    def follow(self, prompt: Prompt, repeat: int) -> Outcome:
        """Follow a prompt through its stored answers, up to the first that is missing."""
        outcome = Outcome(faults=dict.fromkeys(prompt.wanted, Fault.UNASKED))
        for attempt in range(prompt.attempts):
            question = prompt.question(
                self.model, self.context, self.parameters, repeat, outcome.faults, attempt
            )
            answer = self.store.answer(question.key)
            if answer is None:
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


def read(answer: Mapping[str, Any], question: Question) -> Answers:
    """Sort a stored completion into values and faults; nothing in it is trusted."""
    choice = answer["choices"][0]
    message = choice["message"]
    text = text_of(message)
    cut = choice.get("finish_reason") == "length"
    try:
        if message.get("refusal") or choice.get("finish_reason") == "content_filter":
            raise ReplyError(Fault.REFUSED)
        if not text.strip():
            raise ReplyError(Fault.UNFINISHED if cut else Fault.EMPTY)
        if cut:
            raise ReplyError(Fault.TRUNCATED)
        content, start = parse(text, question.reply.schema(question.wanted)["required"])
        reading = question.reply.read(content, question.wanted)
    except ReplyError as error:
        return Answers(faults=dict.fromkeys(question.wanted, error.fault))
    if _log_probabilities(answer):
        reading.spots = spots(text, start, list(reading.values))
    return reading


def _log_probabilities(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = answer["choices"][0].get("logprobs")
    content = found.get("content") if isinstance(found, Mapping) else None
    return _mappings(content)


def _mappings(found: Any) -> list[Mapping[str, Any]]:
    """Return those entries of a list that are mappings; of anything else, none."""
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _probability(log: Any) -> float:
    """Return the probability of a logarithm, and 0 for anything that is none."""
    return math.exp(log) if isinstance(log, int | float) and log <= 0 else 0.0


def expected(answer: Mapping[str, Any], places: Mapping[str, int]) -> dict[str, float]:
    """Return the expected number at each place of an answer's text, from log-probabilities.

    It is the mean of the digits that the model considered there, weighted by their probabilities;
    tokens that are no digit are left out and the rest sums to 1. Only for scales of one digit.
    """
    tokens = _log_probabilities(answer)
    texts = [str(token.get("token", "")) for token in tokens]
    # Some servers give tokens that are not those of the text; their places would mean nothing.
    if not "".join(texts).startswith(text_of(answer["choices"][0]["message"])):
        return {}
    ends = list(accumulate(map(len, texts)))
    found = {}
    which = 0
    for item, place in sorted(places.items(), key=lambda pair: pair[1]):
        while which < len(ends) and ends[which] <= place:
            which += 1
        if which == len(ends):
            break
        token = tokens[which]
        before = texts[which][: place - (ends[which] - len(texts[which]))]
        weights = [0.0] * 10
        for other in _mappings(token.get("top_logprobs")) or [token]:
            text = str(other.get("token", ""))
            digit = text.removeprefix(before).strip()
            if text.startswith(before) and len(digit) == 1 and digit in "0123456789":
                weights[int(digit)] += _probability(other.get("logprob"))
        if total := sum(weights):
            found[item] = sum(digit * weight for digit, weight in enumerate(weights)) / total
    return found
