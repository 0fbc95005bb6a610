"""Talking to a server: the only module that imports openai.

What happens when (and a run that stops keeps everything and continues when run again):

- 429, 408, 409, 5xx, a timeout, a dropped connection, or a reply that is no chat completion: wait
  (``Retry-After`` where given, else 1, 2, 4 … seconds) and send again, `Server.retries` times.
- a refused parameter (400 or 422 naming it): send again without it, for the rest of the run.
- structured output refused, or an error before any structured answer came: step down from
  ``json_schema`` to ``json_object`` to plain text with validation, for the rest of the run.
- 401, 403, 404, an exhausted quota, a wait longer than `LONGEST_WAIT`: stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import json
import os
import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taxonomy._core.errors import BudgetError, ServerError
from taxonomy._core.registry import require
from taxonomy.llm.budget import Budget
from taxonomy.llm.question import Question

if TYPE_CHECKING:
    import openai

LONGEST_WAIT = 120.0
"""Seconds that a run waits at a server's wish; beyond, it stops and can be run again."""

MODES = ("json_schema", "json_object", "text")
"""Output modes, the strictest first."""

DROPPABLE = ("temperature", "top_logprobs", "logprobs", "seed", "reasoning_effort")
"""Parameters that a run can do without where a server or a model refuses them."""

_MOST_FIELDS = 1000
"""Fields that a schema may have; longer answers are asked for as plain JSON objects."""


@dataclass(frozen=True)
class Server:
    """How a server is reached and treated.

    Args:
        base_url: such as ``http://localhost:8080/v1``; empty for OpenAI.
        key_variable: environment variable that holds the API key.
        concurrency: requests under way at once.
        timeout: seconds until a request counts as lost.
        retries: how often a failed request is sent again.
        first_wait: seconds before the first retry; doubled each time.
        mode: output mode to begin with.
    """

    base_url: str = ""
    key_variable: str = "OPENAI_API_KEY"
    concurrency: int = 8
    timeout: float = 300.0
    retries: int = 4
    first_wait: float = 1.0
    mode: str = MODES[0]

    def key(self) -> str:
        """Return the API key.

        Raises:
            ServerError: OpenAI is asked and no key is set.
        """
        key = os.environ.get(self.key_variable, "")
        if not key and not self.base_url:
            raise ServerError(
                f"No API key: set the environment variable {self.key_variable}, or give the "
                "address of a server that needs none: --base-url http://localhost:8080/v1."
            )
        return key or "none"

    def connect(self) -> openai.AsyncOpenAI:
        """Return a client of the openai package that never retries by itself.

        Raises:
            MissingExtraError: the package is not installed.
            ServerError: no key, or an address that is none.
        """
        client: openai.AsyncOpenAI = self._connect("AsyncOpenAI")
        return client

    def connect_once(self) -> openai.OpenAI:
        """Return a client of the openai package for one call after the other."""
        client: openai.OpenAI = self._connect("OpenAI")
        return client

    def _connect(self, kind: str) -> Any:
        library = require("openai")
        try:
            return getattr(library, kind)(
                api_key=self.key(),
                base_url=self.base_url or "https://api.openai.com/v1",
                max_retries=0,
                timeout=self.timeout,
            )
        except (ValueError, library.OpenAIError) as error:
            raise ServerError(f"The server's address is unusable: {error}.") from None


@dataclass
class Client:
    """Sends questions within a budget and stores their answers.

    Args:
        server: where to.
        budget: with the store.
        thoughts: tokens allowed on top of the answer, for models that think before it.
        progress: called after every answer with the number of answers so far, and with None when
            no more come.
    """

    server: Server
    budget: Budget
    thoughts: int = 0
    progress: Callable[[int | None], None] | None = None
    mode: str = field(init=False)
    dropped: set[str] = field(init=False, default_factory=set)
    answers: int = field(init=False, default=0)
    _mode_works: bool = field(init=False, default=False)
    _not_before: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        """Begin with the server's strictest mode and its own name for the most tokens."""
        self.mode = self.server.mode
        # OpenAI's reasoning models know only the new name, older servers only the old one.
        self.limit = "max_tokens" if self.server.base_url else "max_completion_tokens"

    def run(self, jobs: list[Job]) -> None:
        """Run all jobs to their ends, or stop at the first error with what is under way finished.

        A job returns its next question, None at its end; it is called again once that question's
        answer is stored.

        Raises:
            ServerError: a request failed for good.
            BudgetError: a ceiling is reached.
        """
        before = self.answers
        try:
            try:
                asyncio.get_running_loop()
            except RuntimeError:
                asyncio.run(self._run(jobs))
            else:  # in a notebook, whose own loop is running
                with ThreadPoolExecutor(1) as pool:
                    pool.submit(asyncio.run, self._run(jobs)).result()
        finally:
            if self.progress and self.answers > before:
                self.progress(None)

    async def _run(self, jobs: list[Job]) -> None:
        waiting = list(reversed(jobs))
        errors: list[Exception] = []
        async with self.server.connect() as connection:

            async def work() -> None:
                while waiting and not errors:
                    job = waiting.pop()
                    try:
                        while not errors and (question := job()) is not None:
                            await self._ask(connection, question)
                    except (ServerError, BudgetError) as error:
                        errors.append(error)

            await asyncio.gather(*(work() for _ in range(max(1, self.server.concurrency))))
        if errors:
            raise errors[0]

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
        return question.reply.room(question.wanted) * (1 + question.attempt) + self.thoughts

    async def _ask(self, connection: openai.AsyncOpenAI, question: Question) -> None:
        """Send a question until an answer is stored."""
        self.budget.store.remember(question)
        failures = 0
        while True:
            await asyncio.sleep(max(0.0, self._not_before - time.monotonic()))
            send = await self._reserve(question)
            try:
                answer = await self._send(connection, question)
            except _FailureError as failure:
                self.budget.failed(send, charged=failure.charged)
                if failure.again:
                    continue
                if failures == self.server.retries or failure.final:
                    raise ServerError(self._clean(failure.message(failures))) from None
                self._hold(failure, failures)
                failures += 1
                continue
            except BaseException:
                # Interrupted: it may have been charged. Left open, its reserve counts as spent.
                raise
            self._mode_works = True
            self._store(send, question, answer)
            return

    def _store(self, send: int, question: Question, answer: dict[str, Any]) -> None:
        used = usage(answer)
        self.budget.answered(send, question.key, answer, used)
        self.answers += 1
        if self.progress:
            self.progress(self.answers)
        if not used or self.budget.max_pico is None:
            return
        if used[0] > question.most_read or used[1] > self.room(question):
            raise BudgetError(
                f"The server reports {used[0]} tokens read and {used[1]} written, more than the "
                f"{question.most_read} and {self.room(question)} that the request allowed, so a "
                "ceiling cannot be kept with it; answers so far are kept."
            )

    async def _reserve(self, question: Question) -> int:
        while (send := self.budget.reserve(question, self.room(question))) is None:
            await asyncio.sleep(0.02)  # until one under way ends for less than was reserved
        return send

    def _hold(self, failure: _FailureError, failures: int) -> None:
        """Let all requests wait, as the server wishes, or else ever longer."""
        wait = self.server.first_wait * 2**failures if failure.wait is None else failure.wait
        if wait > LONGEST_WAIT:
            raise ServerError(
                f"The server asks to wait {wait:.0f} seconds; answers so far are kept. Run again "
                "after that to continue."
            )
        self._not_before = max(self._not_before, time.monotonic() + wait)

    async def _send(self, connection: openai.AsyncOpenAI, question: Question) -> dict[str, Any]:
        """Send once and return the completion, cleaned of the key.

        Raises:
            _FailureError: there was none.
        """
        library = require("openai")
        body = self.body(question)
        completions = connection.chat.completions.with_raw_response
        try:
            raw = await completions.create(**body)
        except library.APITimeoutError:
            raise _FailureError(f"no answer within {self.server.timeout:g} seconds") from None
        except library.APIConnectionError as error:
            raise _FailureError(f"the connection failed ({error.__cause__ or error})") from None
        except library.APIStatusError as error:
            raise self._judge(error, body) from None
        except library.OpenAIError as error:
            raise _FailureError(str(error)) from None
        try:
            content = json.loads(self._clean(raw.text))
            message = content["choices"][0]["message"]
            if not isinstance(message, Mapping):
                raise TypeError
        except (ValueError, KeyError, IndexError, TypeError, RecursionError):
            raise _FailureError("the reply is no chat completion") from None
        answer: dict[str, Any] = content
        return answer

    def _judge(self, error: openai.APIStatusError, body: Mapping[str, Any]) -> _FailureError:
        """Say what an error status means, and step down where that may help."""
        status, text = error.status_code, str(error.message)
        if status in (400, 422) and (name := self._refused(text, body)):
            return _FailureError(f"{name} is refused", charged=False, again=True)
        structured = "response_format" in body and not self._mode_works
        if structured and status in (400, 415, 422, 500, 501):
            self.mode = MODES[MODES.index(body["response_format"]["type"]) + 1]
            return _FailureError("structured output is refused", charged=status >= 500, again=True)
        quota = getattr(error, "code", None) == "insufficient_quota"
        transient = status in (408, 409, 429) or status >= 500
        return _FailureError(
            text if str(status) in text else f"status {status}: {text}",
            wait=retry_after(error.response.headers),
            charged=status >= 500,
            final=quota or not transient,
        )

    def _refused(self, text: str, body: Mapping[str, Any]) -> str | None:
        """Return the parameter that an error names, after giving it up or renaming it."""
        other = "max_tokens" if self.limit == "max_completion_tokens" else "max_completion_tokens"
        if (
            self.limit in body
            and re.search(rf"\b{self.limit}\b", text)
            and other not in self.dropped
        ):
            self.dropped.add(self.limit)
            self.limit = other
            return other
        for name in DROPPABLE:
            if name in body and re.search(rf"\b{name}\b", text):
                self.dropped |= {"logprobs", "top_logprobs"} if "logprobs" in name else {name}
                return name
        return None

    def _clean(self, text: str) -> str:
        return clean(text, self.server.key_variable)


Job = Callable[[], Question | None]
"""Returns the next question of a conversation, None at its end."""


class _FailureError(Exception):
    """A request without an answer.

    Args:
        reason: for people.
        charged: whether the provider may have charged for it.
        again: whether to send again at once, changed.
        final: whether sending again is useless.
        wait: seconds that the server asks to wait.
    """

    def __init__(
        self,
        reason: str,
        *,
        charged: bool = True,
        again: bool = False,
        final: bool = False,
        wait: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.charged, self.again, self.final, self.wait = charged, again, final, wait

    def message(self, failures: int) -> str:
        """Return the message of the error that ends a run."""
        tries = f" after {failures + 1} tries" if failures else ""
        return (
            f"The language model's server failed{tries}: {str(self)[:500]}. Answers so far are "
            "kept; run again to continue."
        )


def clean(text: str, key_variable: str = Server.key_variable) -> str:
    """Take the API key out of a text, should a server have sent it back."""
    key = os.environ.get(key_variable, "")
    return text.replace(key, "[key]") if key else text


def usage(answer: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the tokens read and written that a completion reports, or None.

    >>> usage({"usage": {"prompt_tokens": 9, "completion_tokens": 2}})
    (9, 2)
    """
    with contextlib.suppress(KeyError, TypeError):
        read, written = (answer["usage"][f"{kind}_tokens"] for kind in ("prompt", "completion"))
        if isinstance(read, int) and isinstance(written, int) and min(read, written) >= 0:
            return read, written
    return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a response's headers ask to wait, or None.

    >>> retry_after({"retry-after": "2"}), retry_after({"retry-after-ms": "150"}), retry_after({})
    (2.0, 0.15, None)
    """
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        with contextlib.suppress(ValueError, TypeError):
            seconds = float(headers.get(name, "")) / unit
            if 0 <= seconds < float("inf"):
                return seconds
    date = email.utils.parsedate_tz(headers.get("retry-after", ""))
    return max(0.0, email.utils.mktime_tz(date) - time.time()) if date else None
