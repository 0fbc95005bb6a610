"""Talking to a server: the only module that imports openai.

What happens when (and a run that stops keeps everything and continues when run again):

- 429, 408, 409, 5xx (told by the status or by an error in a reply of status 200), a timeout, a
  dropped connection, or a reply that is no chat completion: wait (``Retry-After`` where given, else
  1, 2, 4 … seconds) and send again, `Server.retries` times.
- a refused parameter (400 or 422 naming it): send again without it, for the rest of the run.
- structured output refused, or an error before any structured answer came: step down from
  ``json_schema`` to ``json_object`` to plain text with validation, for the rest of the run.
- 400, 413, 422 after others were answered: send again once, then leave that one request out.
- 401, 403, 404, an exhausted quota, a wait longer than `LONGEST_WAIT`: stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import logging
import os
import re
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from taxonomy._core.errors import BudgetError, ServerError
from taxonomy._core.registry import require
from taxonomy.llm.budget import Budget
from taxonomy.llm.question import Question
from taxonomy.llm.reply import decoded

if TYPE_CHECKING:
    import openai

_LOG = logging.getLogger(__name__)

Result = TypeVar("Result")

LONGEST_WAIT = 120.0
"""Seconds that a run waits at a server's wish; beyond, it stops and can be run again."""

LARGEST_REPLY = 1 << 24
"""Bytes that a reply may have."""

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
                "address of a server that needs none as `base_url`: http://localhost:8080/v1."
            )
        return key or "none"

    def connect(self, retries: int = 0) -> openai.AsyncOpenAI:
        """Return a client of the openai package.

        Args:
            retries: how often it sends a failed request again by itself; never where every request
                is an entry of the ledger.

        Raises:
            MissingExtraError: the package is not installed.
            ServerError: no key, or an address that is none.
        """
        client: openai.AsyncOpenAI = self._connect("AsyncOpenAI", retries)
        return client

    def connect_once(self) -> openai.OpenAI:
        """Return a client of the openai package for one call after the other."""
        client: openai.OpenAI = self._connect("OpenAI", 0)
        return client

    def _connect(self, kind: str, retries: int) -> Any:
        library = require("openai")
        try:
            return getattr(library, kind)(
                api_key=self.key(),
                base_url=self.base_url or "https://api.openai.com/v1",
                max_retries=retries,
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
        reasoning_tokens: tokens allowed beyond those of an answer, for models that reason first.
    """

    server: Server
    budget: Budget
    reasoning_tokens: int = 0
    mode: str = field(init=False)
    dropped: set[str] = field(init=False, default_factory=set)
    _answered: bool = field(init=False, default=False)
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
        return question.reply.room(question.wanted) * (1 + question.attempt) + self.reasoning_tokens

    async def _ask(self, connection: openai.AsyncOpenAI, question: Question) -> bool:
        """Send a question until an answer is stored; tell whether there is one."""
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
                if failure.alone and failures:
                    _LOG.warning("One request is left out: %s", self._clean(str(failure)))
                    return False
                if failures == self.server.retries or failure.final:
                    raise ServerError(self._clean(failure.message(failures))) from None
                self._hold(failure, failures)
                failures += 1
                continue
            except BaseException:
                # Interrupted: it may have been charged. Left open, its reserve counts as spent.
                raise
            self._answered = True
            self._store(send, question, answer)
            return True

    def _store(self, send: int, question: Question, answer: dict[str, Any]) -> None:
        used = usage(answer)
        self.budget.answered(send, question.key, answer, used)
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
        completions = connection.chat.completions.with_streaming_response
        try:
            # The package's own timeout begins again with every byte that drips in.
            async with asyncio.timeout(self.server.timeout), completions.create(**body) as raw:
                text, headers = await _body(raw), raw.headers
        except (TimeoutError, library.APITimeoutError):
            raise _FailureError(f"no answer within {self.server.timeout:g} seconds") from None
        except library.APIConnectionError as error:
            raise _FailureError(f"the connection failed ({error.__cause__ or error})") from None
        except library.APIStatusError as error:
            raise self._judge(error, body) from None
        except library.OpenAIError as error:
            raise _FailureError(str(error)) from None
        try:
            content = decoded(self._clean(text))
            if isinstance(content, Mapping) and isinstance(content.get("error"), Mapping):
                raise _told(content["error"], headers)
            message = content["choices"][0]["message"]
            if not isinstance(message, Mapping):
                raise TypeError
        except (ValueError, KeyError, IndexError, TypeError):
            raise _FailureError("the reply is no chat completion") from None
        answer: dict[str, Any] = content
        return answer

    def _judge(self, error: openai.APIStatusError, body: Mapping[str, Any]) -> _FailureError:
        """Say what an error status means, and step down where that may help."""
        status, text = error.status_code, str(error.message)
        if status in (400, 422) and (name := self._refused(text, body)):
            return _FailureError(f"{name} is refused", charged=False, again=True)
        structured = "response_format" in body and not self._answered
        if structured and status in (400, 415, 422, 500, 501):
            self.mode = MODES[MODES.index(body["response_format"]["type"]) + 1]
            return _FailureError("structured output is refused", charged=status >= 500, again=True)
        quota = getattr(error, "code", None) == "insufficient_quota"
        # Once others were answered, such a status tells of this one request, or of the model's
        # answer to it, which some servers check themselves.
        alone = self._answered and status in (400, 413, 422)
        return _FailureError(
            text if str(status) in text else f"status {status}: {text}",
            wait=retry_after(error.response.headers),
            charged=status >= 500 or alone,
            final=quota or not (_passes(status) or alone),
            alone=alone,
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


def finish(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end and return its result, in a notebook too."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as pool:  # a notebook's own loop is running in this thread
        return pool.submit(asyncio.run, work).result()


Job = Callable[[], Question | None]
"""Returns the next question of a conversation, None at its end."""


class _FailureError(Exception):
    """A request without an answer.

    Args:
        reason: for people.
        charged: whether the provider may have charged for it.
        again: whether to send again at once, changed.
        final: whether sending again is useless.
        alone: whether it tells of this request only, so that others are sent on.
        wait: seconds that the server asks to wait.
    """

    def __init__(
        self,
        reason: str,
        *,
        charged: bool = True,
        again: bool = False,
        final: bool = False,
        alone: bool = False,
        wait: float | None = None,
    ) -> None:
        super().__init__("".join(c if c.isprintable() else " " for c in reason)[:500])
        self.charged, self.again, self.final = charged, again, final
        self.alone, self.wait = alone, wait

    def message(self, failures: int) -> str:
        """Return the message of the error that ends a run."""
        tries = f" after {failures + 1} tries" if failures else ""
        return (
            f"The language model's server failed{tries}: {self}. Answers so far are "
            "kept; run again to continue."
        )


def _passes(status: int) -> bool:
    """Return whether a status may be another one in a while."""
    return status in (408, 409, 429) or status >= 500


def _told(error: Mapping[str, Any], headers: Mapping[str, str]) -> _FailureError:
    """Return the failure that a server tells of in a reply whose own status is 200."""
    code = error.get("code")
    status = code if isinstance(code, int) else 500
    return _FailureError(
        f"status 200 with the error {code}: {error.get('message')}",
        wait=retry_after(headers),
        final=not _passes(status),
    )


async def _body(raw: Any) -> str:
    """Return the body of a reply, of which so much is read at most.

    Raises:
        _FailureError: it is longer, or the connection failed.
    """
    body = bytearray()
    try:
        async for part in raw.iter_bytes():
            body += part
            if len(body) > LARGEST_REPLY:
                break
    except Exception as error:  # of the library below, which is another one by openai's version
        raise _FailureError(f"the connection failed ({error})") from error
    if len(body) > LARGEST_REPLY:
        raise _FailureError(f"the reply has more than {LARGEST_REPLY} bytes")
    return body.decode("utf-8", "replace")


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
