"""Reaching a server: one request, one reply, within limits on its bytes and on its whole time.

Requests go through the openai package, which sends them again never: every request is an entry of
the ledger. Whatever goes wrong is a `Failure` with a short printable text.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import os
import re
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from taxonomy._core.errors import ServerError, shown
from taxonomy._core.registry import require
from taxonomy.llm.completion import told_error
from taxonomy.llm.frames import unframed

if TYPE_CHECKING:
    import openai

Result = TypeVar("Result")

LONGEST_WAIT = 120.0
"""Seconds that a run waits at a server's wish; beyond, it stops and can be run again."""

MODES = ("json_schema", "json_object", "text")
"""Output modes, the strictest first."""

_SHORTEST_SECRET = 8
_LARGEST_ERROR = 1 << 16
"""Bytes that the reply of an error may have; of a longer one the beginning is read."""

_LONGEST_REASON = 240
"""Characters of a server's own words in a message."""


class Failure(Exception):  # noqa: N818 - it says what happened, and is no error of ours
    """A request without a usable reply.

    Args:
        reason: for people; made printable and cut.
        status: of the reply, or of the error that a reply of status 200 tells of; None where there
            was no reply, or an error without a number.
        code: the server's own word for the error.
        wait: seconds that the server asks to wait.
        unsaid: whether the reply's own status was that of success.
    """

    def __init__(
        self,
        reason: str,
        status: int | None = None,
        *,
        code: object = None,
        wait: float | None = None,
        unsaid: bool = False,
    ) -> None:
        super().__init__(printable(reason))
        self.status, self.code, self.wait, self.unsaid = status, code, wait, unsaid

    @property
    def passes(self) -> bool:
        """Whether it may be otherwise in a while."""
        if self.code == "insufficient_quota":
            return False
        return self.status is None or self.status in (408, 409, 425, 429) or self.status >= 500


def printable(text: str, most: int = _LONGEST_REASON) -> str:
    r"""Return a stranger's text as a message can hold it: short, without control characters.

    >>> printable("no\x1b[31m\nway " + "x" * 999, most=12)
    'no [31m way…'
    """
    text = "".join(c if c.isprintable() else " " for c in text[: most + 1])
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


@dataclass(frozen=True)
class Server:
    """How a server is reached and treated.

    Args:
        base_url: such as ``http://localhost:8080/v1``; empty for OpenAI.
        key_variable: environment variable that holds the API key.
        concurrency: requests under way at once.
        timeout: seconds until a request counts as lost, from its first byte to its last.
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

    def connect(self) -> openai.AsyncOpenAI:
        """Return a client of the openai package.

        Raises:
            MissingExtraError: the package is not installed.
            ServerError: no key, or an address that is none.
        """
        library = require("openai")
        if self.base_url and not self.base_url.lower().startswith(("http://", "https://")):
            raise ServerError(
                f"`base_url` is {shown(self.base_url)}; an address begins with http:// or "
                "https://, as http://localhost:8080/v1."
            )
        try:
            client: openai.AsyncOpenAI = library.AsyncOpenAI(
                api_key=self.key(),
                base_url=self.base_url or "https://api.openai.com/v1",
                max_retries=0,
                timeout=self.timeout,
                http_client=library.DefaultAsyncHttpxClient(
                    event_hooks={"response": [self._refuse_errors]}
                ),
            )
        except (ValueError, library.OpenAIError) as error:
            raise ServerError(
                f"The server's address is unusable: {printable(str(error))}."
            ) from None
        return client

    def wait(self, failure: Failure, failures: int) -> float:
        """Return the seconds to wait after so many failures: the server's wish, or ever longer.

        Raises:
            ServerError: the server asks for too long a wait.
        """
        wait = self.first_wait * 2**failures if failure.wait is None else failure.wait
        if wait > LONGEST_WAIT:
            raise ServerError(
                f"The server asks to wait {wait:.0f} seconds; answers so far are kept. Run again "
                "after that to continue."
            )
        return wait

    def clean(self, text: str) -> str:
        """Take the API key out of a text, should a server have sent it back.

        Local servers take any key, such as ``x`` or ``none``, which is no secret but a word of many
        an answer.

        >>> Server(key_variable="NO_SUCH_VARIABLE").clean("hello")
        'hello'
        """
        key = os.environ.get(self.key_variable, "")
        return text.replace(key, "[key]") if len(key) >= _SHORTEST_SECRET else text

    async def _refuse_errors(self, response: Any) -> None:
        """Read the beginning of a reply that is none, which the openai package would read whole.

        Raises:
            Failure: with what the server says.
        """
        status = response.status_code
        if response.has_redirect_location:
            length = response.headers.get("content-length", "")
            if re.fullmatch(r"[0-9]{1,9}", length) and int(length) <= _LARGEST_ERROR:
                return
            raise Failure("a redirection with a body of unknown length", status)
        if 200 <= status < 300:
            return
        body = bytearray()
        with contextlib.suppress(Exception):  # of the library below
            async for part in response.aiter_bytes():
                body += part[:_LARGEST_ERROR]
                if len(body) > _LARGEST_ERROR:
                    break
        text = self.clean(body[:_LARGEST_ERROR].decode("utf-8", "replace")).strip()
        code = None
        with contextlib.suppress(ValueError):
            if told := told_error(unframed(text)):
                text, code = told
        wait = retry_after(response.headers)
        reason = f"Error code: {status}{text and f' - {text}'}"
        raise Failure(reason, status, code=code, wait=wait)

    async def exchange(
        self, send: Callable[..., Any], most: int, arguments: Mapping[str, Any]
    ) -> tuple[str, Mapping[str, str]]:
        """Send a request; return the reply's text, cleaned of the key, and its headers.

        Args:
            send: a method of the openai package, with streaming response.
            most: bytes that the reply may have.
            arguments: of the method.

        Raises:
            Failure: there is no reply, an error, or too long a one.
        """
        library = require("openai")
        try:
            # The package's own timeout begins again with every byte that drips in.
            async with asyncio.timeout(self.timeout), send(**arguments) as raw:
                return self.clean(await _body(raw, most)), raw.headers
        except (TimeoutError, library.APITimeoutError):
            failure = Failure(f"no answer within {self.timeout:g} seconds")
        except library.APIConnectionError as error:
            cause = error.__cause__ or error
            failure = cause if isinstance(cause, Failure) else _lost(self.clean(str(cause)))
        except library.OpenAIError as error:
            failure = Failure(self.clean(str(error)))
        raise failure from None

    async def fetch(
        self, send: Callable[..., Any], most: int, arguments: Mapping[str, Any], what: str
    ) -> Any:
        """Send a request; return the reply's JSON.

        Args:
            send: a method of the openai package, with streaming response.
            most: bytes that the reply may have.
            arguments: of the method.
            what: a reply that is no JSON is, for the message.

        Raises:
            Failure: there is no reply, an error, or something else than JSON.
        """
        text, headers = await self.exchange(send, most, arguments)
        try:
            content = unframed(text)
        except ValueError:
            reason = f"the reply is {what}: {printable(text, 80)}"
            raise Failure(reason, 200, unsaid=True) from None
        if told := told_error(content):
            message, code = told
            status = code if type(code) is int else None
            reason = f"status 200 with the error {code}: {message}"
            raise Failure(reason, status, code=code, wait=retry_after(headers), unsaid=True)
        return content


def _lost(text: str) -> Failure:
    return Failure(f"the connection failed ({text})")


async def _body(raw: Any, most: int) -> str:
    """Return the body of a reply, of which so many bytes are read at most.

    Raises:
        Failure: it is longer, or the connection failed.
    """
    body = bytearray()
    try:
        async for part in raw.iter_bytes():
            body += part
            if len(body) > most:
                break
    except Exception as error:  # of the library below, which is another one by openai's version
        raise _lost(str(error)) from error
    if len(body) > most:
        raise Failure(f"the reply has more than {most} bytes", 200, unsaid=True)
    return body.decode("utf-8-sig", "replace")


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
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        date = email.utils.parsedate_tz(headers.get("retry-after", ""))
        return max(0.0, email.utils.mktime_tz(date) - time.time()) if date else None
    return None


def finish(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end and return its result, in a notebook too."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as pool:  # a notebook's own loop is running in this thread
        return pool.submit(asyncio.run, work).result()
