"""Embeddings from an OpenAI-compatible server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from taxonomy._core.arrays import Float32Array
from taxonomy._core.errors import ServerError
from taxonomy._core.spelling import counted
from taxonomy.llm.server import Failure, Server, finish, printable

if TYPE_CHECKING:
    import openai

AT_ONCE = 128
"""Texts in one request."""

_LARGEST_VECTOR = 1 << 19
"""Bytes of JSON that one vector may take; one of 16,384 numbers takes less."""


def embed(texts: Sequence[str], model: str, server: Server, at_once: int = AT_ONCE) -> Float32Array:
    """Return one vector a text, in the order of the texts.

    Failures that may pass (429, 408, 409, 5xx, dropped connections) are
    tried again, `Server.retries` times within the time that a request has, waits included.

    Args:
        texts: at least one.
        model: as the server knows it.
        server: where requests go; its key is read from the environment and written nowhere.
        at_once: texts in one request.

    Returns:
        shape (texts, dimensions).

    Raises:
        MissingExtraError: the package openai is not installed.
        ServerError: the server failed, or its reply holds no vector for some text.
    """
    parts = [texts[start : start + at_once] for start in range(0, len(texts), at_once)]
    vectors = finish(_all_vectors(parts, model, server))
    widths = {part.shape[1] for part in vectors}
    if len(widths) > 1:
        raise ServerError(f"The server's vectors have different lengths: {sorted(widths)}.")
    return np.concatenate(vectors)


async def _all_vectors(
    parts: Sequence[Sequence[str]], model: str, server: Server
) -> list[Float32Array]:
    vectors = []
    async with server.connect() as connection:
        for part in parts:
            try:
                async with asyncio.timeout(server.timeout):
                    vectors.append(await _vectors(connection, list(part), model, server))
            except TimeoutError:
                raise _failed(f"no answer within {server.timeout:g} seconds") from None
            except Failure as failure:
                raise _failed(str(failure)) from None
    return vectors


def _failed(reason: str) -> ServerError:
    return ServerError(
        f"The embeddings server failed: {reason}. Vectors so far are kept where caching is on; run "
        "again to continue."
    )


async def _vectors(
    connection: openai.AsyncOpenAI, texts: list[str], model: str, server: Server
) -> Float32Array:
    """Send one request, again where it may pass, and return its vectors.

    Raises:
        Failure: there are none within the time of a request, waits included.
    """
    send = connection.embeddings.with_streaming_response.create
    body = {"model": model, "input": texts, "encoding_format": "float"}
    failures = 0
    while True:
        try:
            most = _LARGEST_VECTOR * (len(texts) + 1)
            content = await server.fetch(send, most, body, "not JSON")
        except Failure as failure:
            if not failure.passes or failures == server.retries:
                raise
            await asyncio.sleep(server.wait(failure, failures))
            failures += 1
        else:
            return _read(content, len(texts))


def _read(content: Any, count: int) -> Float32Array:
    """Return the vectors of a reply, which may list them in any order.

    Raises:
        ServerError: they are not one finite vector a text.
    """
    try:
        rows = {int(entry["index"]): entry["embedding"] for entry in content["data"]}
        numbers = [rows[i] for i in range(count)]
        if not all(type(number) in (int, float) for row in numbers for number in row):
            raise TypeError("entries that are not finite numbers")
        with np.errstate(over="ignore"):
            vectors = np.array(numbers, dtype=np.float32)
        if len(rows) != count or vectors.ndim != 2 or not vectors.shape[1]:
            raise ValueError(f"{counted(len(rows), 'vector')} for {counted(count, 'text')}")
        if not np.isfinite(vectors).all():
            raise ValueError("numbers that are not finite")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ServerError(
            f"The server's reply is no list of {counted(count, 'embedding')} "
            f"({printable(repr(error), 80)}); is its model one?"
        ) from None
    return vectors
