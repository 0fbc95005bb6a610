"""Asking a server question by question, within a budget, whatever it answers.

What happens when (and a run that stops keeps everything and continues when run again):

- 429, 408, 409, 5xx (told by the status or by an error in a reply of status 200), a timeout, a
  dropped connection, or a reply that is no chat completion: wait (``Retry-After`` where given, else
  1, 2, 4 … seconds) and send again, `Server.retries` times.
- a refused parameter (400 or 422 naming it): send again without it, for the rest of the run.
- structured output refused, or an error before any structured answer came: step down from
  ``json_schema`` to ``json_object`` to plain text with validation, for the rest of the run.
- the context window too small for the question and the most that its answer may take, which counts
  every byte as a token: ask for fewer tokens; if that is not enough, leave the request out.
- 400, 413, 422 otherwise: send again once, then leave that one request out.
- whatever else fails a request for good, after others were answered: leave it out too.
- `IN_A_ROW` requests left out with no answer in between, 401, 402, 404, an exhausted quota, a wait
  longer than `LONGEST_WAIT`: stop.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from taxonomy._core.errors import BudgetError, ServerError, shown
from taxonomy.llm.budget import Budget
from taxonomy.llm.completion import is_completion, usage
from taxonomy.llm.question import Question
from taxonomy.llm.server import MODES, Failure, Server, finish, printable

if TYPE_CHECKING:
    import openai

_LOG = logging.getLogger(__name__)

LARGEST_REPLY = 1 << 24
"""Bytes that a reply may have at most, whatever was asked for."""

DROPPABLE = ("temperature", "top_logprobs", "logprobs", "seed", "reasoning_effort")
"""Parameters that a run can do without where a server or a model refuses them."""

SHARES = (1.0, 0.5, 0.25)
"""Shares of an answer's most tokens that are asked for in turn where the window is too small."""

IN_A_ROW = 3
"""Requests that may fail for good with no answer in between, before a run stops."""

_MOST_FIELDS = 1000
"""Fields that a schema may have; longer answers are asked for as plain JSON objects."""

_OF_REQUEST = (400, 413, 422)
"""Statuses that tell of one request, or of the model's answer to it, which some servers check."""

_WINDOW = re.compile(
    r"context.{0,24}(?:length|size|window)|n_ctx|tokens.{0,120}\d{3}|\d{3}\s?tokens",
    re.IGNORECASE | re.DOTALL,
)
"""What servers say where a question and its answer do not fit into the context window."""

_WINDOW_SIZE = re.compile(r"(?:n_ctx|context)\D{0,60}(\d[\d,]{2,9})", re.IGNORECASE)


class Step(Enum):
    """What is done about a failed request."""

    CHANGED = "send it again at once, as it is asked now"
    LATER = "send it again after a wait, several times"
    ONCE = "send it again once"
    SKIP = "leave it out"
    STOP = "end the run"


@dataclass
class Client:
    """Sends questions within a budget and stores their answers.

    Args:
        server: where to.
        budget: with the store.
        reasoning_tokens: tokens allowed beyond those of an answer, for models that reason first.
    """

    server: Server
    budget: Budget
    reasoning_tokens: int = 0
    mode: str = field(init=False)
    dropped: set[str] = field(init=False, default_factory=set)
    _share: int = field(init=False, default=0)
    _answered: bool = field(init=False, default=False)
    _in_a_row: int = field(init=False, default=0)
    _left_out: Failure | None = field(init=False, default=None)
    _not_before: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        """Begin with the server's strictest mode and its own name for the most tokens."""
        self.mode = self.server.mode
        # OpenAI's reasoning models know only the new name, older servers only the old one.
        self.limit = "max_tokens" if self.server.base_url else "max_completion_tokens"

    def run(self, jobs: list[Job]) -> None:
        """Run all jobs to their ends, or stop at the first error with what is under way finished.

        A job returns its next question, None at its end; it is called again once that question's
        answer is stored. One whose question is left out ends there.

        Raises:
            ServerError: the server fails, or nothing at all was answered.
            BudgetError: a ceiling is reached.
        """
        if jobs:
            finish(self._run(jobs))

    async def _run(self, jobs: list[Job]) -> None:
        from tqdm import tqdm

        waiting = list(reversed(jobs))
        errors: list[Exception] = []
        async with self.server.connect() as connection:
            with tqdm(total=len(jobs), desc="asking", unit="question", disable=None) as bar:

                async def work() -> None:
                    while waiting and not errors:
                        job = waiting.pop()
                        try:
                            while not errors and (question := job()) is not None:
                                if not await self._ask(connection, question):
                                    break
                                bar.set_postfix_str(f"so far {self.budget.spent()}")
                            bar.update()
                        except (ServerError, BudgetError) as error:
                            errors.append(error)

                await asyncio.gather(*(work() for _ in range(max(1, self.server.concurrency))))
        if errors:
            raise errors[0]
        if self._left_out is not None and not self._answered:
            raise ServerError(_message(self._left_out, 0))

    def body(self, question: Question) -> dict[str, Any]:
        """Return a request's body with the guards and the output mode of this run."""
        body = {k: v for k, v in question.body.items() if k not in self.dropped}
        body[self.limit] = self.room(question)
        schema = question.reply.schema(question.wanted)
        mode = self.mode
        if mode == "json_schema" and len(question.wanted) > _MOST_FIELDS:
            mode = "json_object"
        if mode == "json_schema":
            described = {"name": question.template.name, "strict": True, "schema": schema}
            body["response_format"] = {"type": mode, "json_schema": described}
        elif mode == "json_object":
            body["response_format"] = {"type": mode}
        return body

    def room(self, question: Question) -> int:
        """Return the most tokens of an answer; more at a second attempt, for what was cut off."""
        most = question.reply.room(question.wanted) * (1 + min(question.attempt, 2))
        return max(16, int(most * SHARES[self._share])) + self.reasoning_tokens

    async def _ask(self, connection: openai.AsyncOpenAI, question: Question) -> bool:
        """Send a question until an answer is stored; tell whether there is one."""
        self.budget.store.remember(question)
        failures = 0
        while True:
            await asyncio.sleep(max(0.0, self._not_before - time.monotonic()))
            send = await self._reserve(question)
            body = self.body(question)
            try:
                answer = await self._send(connection, body, self.room(question))
            except Failure as failure:
                step = self._judge(failure, question, body)
                self.budget.failed(send, charged=_charged(failure, step))
                if step is Step.CHANGED:
                    continue
                if step is Step.STOP:
                    raise ServerError(_message(failure, failures)) from None
                if failures >= {Step.SKIP: 0, Step.ONCE: 1}.get(step, self.server.retries):
                    self._leave_out(failure, failures)
                    return False
                wait = self.server.wait(failure, failures)
                self._not_before = max(self._not_before, time.monotonic() + wait)
                failures += 1
                continue
            except BaseException:
                # Interrupted: it may have been charged. Left open, its reserve counts as spent.
                raise
            self._answered, self._in_a_row = True, 0
            self._store(send, question, answer)
            return True

    async def _reserve(self, question: Question) -> int:
        while (send := self.budget.reserve(question, self.room(question))) is None:
            await asyncio.sleep(0.02)  # until one under way ends for less than was reserved
        return send

    async def _send(
        self, connection: openai.AsyncOpenAI, body: Mapping[str, Any], allowed: int
    ) -> dict[str, Any]:
        """Send once and return the completion, with the tokens that it was allowed.

        Raises:
            Failure: there was none.
        """
        each = 4096 if body.get("logprobs") else 64
        most = min(LARGEST_REPLY, (1 << 20) + allowed * each)
        send = connection.chat.completions.with_streaming_response.create
        answer = await self.server.fetch(send, most, body, "no chat completion")
        if not is_completion(answer):
            raise Failure(f"the reply is no chat completion: {shown(answer)}", 200, unsaid=True)
        return {**answer, "allowed": allowed}

    def _store(self, send: int, question: Question, answer: dict[str, Any]) -> None:
        used = usage(answer)
        self.budget.answered(send, question.key, answer, used)
        if not used or self.budget.max_pico is None:
            return
        if used[0] > question.most_read or used[1] > answer["allowed"]:
            raise BudgetError(
                f"The server reports {used[0]} tokens read and {used[1]} written, more than the "
                f"{question.most_read} and {answer['allowed']} that the request allowed, so a "
                "ceiling cannot be kept with it; answers so far are kept."
            )

    def _judge(self, failure: Failure, question: Question, body: Mapping[str, Any]) -> Step:
        """Say what is done about a failure, after changing what requests ask for from now on."""
        status, text = failure.status, str(failure)
        told = f"{text} {failure.code or ''}"
        if status in (*_OF_REQUEST, 500) and _WINDOW.search(told) and self.limit in body:
            return self._shrink(failure, question, body[self.limit])
        if status in (400, 422) and self._refused(text, body):
            return Step.CHANGED
        structured = "response_format" in body and not self._answered
        if structured and status in (400, 415, 422, 500, 501):
            self.mode = MODES[MODES.index(body["response_format"]["type"]) + 1]
            return Step.CHANGED
        if status in _OF_REQUEST or (status == 403 and self._answered):
            return Step.ONCE
        return Step.LATER if failure.passes or status == 200 else Step.STOP

    def _shrink(self, failure: Failure, question: Question, allowed: int) -> Step:
        """Ask for fewer tokens, as few as answers usually take, before giving a request up."""
        if self.room(question) < allowed:  # another request has found out meanwhile
            return Step.CHANGED
        if self._share < len(SHARES) - 1:
            self._share += 1
            return Step.CHANGED
        failure.args = (_what_fits(question, allowed, str(failure)),)
        return Step.SKIP

    def _refused(self, text: str, body: Mapping[str, Any]) -> bool:
        """Give up or rename the parameter that an error names; tell whether it names one."""
        other = "max_tokens" if self.limit == "max_completion_tokens" else "max_completion_tokens"
        if (
            self.limit in body
            and re.search(rf"\b{self.limit}\b", text)
            and other not in self.dropped
        ):
            self.dropped.add(self.limit)
            self.limit = other
            return True
        for name in DROPPABLE:
            if name in body and re.search(rf"\b{name}\b", text):
                self.dropped |= {"logprobs", "top_logprobs"} if "logprobs" in name else {name}
                return True
        return False

    def _leave_out(self, failure: Failure, failures: int) -> None:
        """Go on without one answer, unless it is the server that fails.

        Raises:
            ServerError: nothing was answered yet, or nothing for a while.
        """
        self._in_a_row += 1
        of_request = failure.status in _OF_REQUEST
        if not (self._answered or of_request or failure.status == 500) or (
            self._in_a_row >= IN_A_ROW and not (self._answered and of_request)
        ):
            raise ServerError(_message(failure, failures))
        _LOG.warning("One request is left out: %s", failure)
        self._left_out = failure


Job = Callable[[], Question | None]
"""Returns the next question of a conversation, None at its end."""


def _charged(failure: Failure, step: Step) -> bool:
    """Return whether the provider may have charged for a request without an answer."""
    said = failure.status is not None and not failure.unsaid
    return not said or failure.status >= 500 or step is Step.ONCE  # type: ignore[operator]


def _message(failure: Failure, failures: int) -> str:
    """Return the message of the error that ends a run."""
    tries = f" after {failures + 1} tries" if failures else ""
    return (
        f"The language model's server failed{tries}: {failure}. Answers so far are "
        "kept; run again to continue."
    )


def _what_fits(question: Question, allowed: int, text: str) -> str:
    """Say how many tokens a question takes, and how much of it a context window holds.

    They are counted as a third of the bytes, as tokenizers do with names and JSON.
    """
    read = sum(len(message["content"].encode()) for message in question.messages) // 3
    said = _WINDOW_SIZE.search(text)
    window = int(said[1].replace(",", "")) if said else 0
    fixed = len(question.system.encode()) // 3
    items, total = len(question.wanted), read + allowed
    fits = items * (window - fixed) // max(1, total - fixed)
    part = f"about {fits} of its {items} items would fit; " if 0 < fits < items else ""
    return (
        f"the context window is too small for about {read} tokens to read and {allowed} to write: "
        f"{part}give the server a larger one, take fewer classes or shorter definitions, or lower "
        f"`reasoning_tokens` ({printable(text, 90)})"
    )
