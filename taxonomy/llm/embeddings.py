"""Embeddings from an OpenAI-compatible server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np

from taxonomy._core.arrays import Float32Array
from taxonomy._core.errors import ServerError
from taxonomy._core.registry import require
from taxonomy.llm.client import Server, clean, finish
from taxonomy.llm.reply import decoded

AT_ONCE = 128
"""Texts in one request."""


def embed(texts: Sequence[str], model: str, server: Server, at_once: int = AT_ONCE) -> Float32Array:
    """Return one vector a text, in the order of the texts.

    Failures that may pass (429, 408, 409, 5xx, dropped connections) are tried again by the openai
    package, `Server.retries` times within the time that a request has, waits included.

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
    async with server.connect(server.retries) as connection:
        return [await _vectors(connection, list(part), model, server) for part in parts]


async def _vectors(connection: Any, texts: list[str], model: str, server: Server) -> Float32Array:
    """Send one request and return its vectors."""
    library = require("openai")
    create = connection.embeddings.with_raw_response.create
    try:
        # The package obeys a Retry-After of up to two minutes at every try; this ends them all.
        async with asyncio.timeout(server.timeout):
            raw = await create(model=model, input=texts, encoding_format="float")
        content = decoded(raw.text)
    except (TimeoutError, library.APITimeoutError):
        reason = f"no answer within {server.timeout:g} seconds"
    except library.APIConnectionError as error:
        reason = f"the connection failed ({error.__cause__ or error})"
    except library.APIStatusError as error:
        text = clean(str(error.message), server.key_variable)
        reason = text if str(error.status_code) in text else f"status {error.status_code}: {text}"
    except library.OpenAIError as error:
        reason = clean(str(error), server.key_variable)
    except ValueError as error:
        reason = f"the reply is not JSON to be stored: {error}"
    else:
        return _read(content, len(texts))
    raise ServerError(
        f"The embeddings server failed: {reason[:500]}. Vectors so far are kept where caching is "
        "on; run again to continue."
    )


def _read(content: Any, count: int) -> Float32Array:
    """Return the vectors of a reply, which may list them in any order.

    Raises:
        ServerError: they are not one finite vector a text.
    """
    try:
        rows = {int(entry["index"]): entry["embedding"] for entry in content["data"]}
        vectors = np.array([rows[i] for i in range(count)], dtype=np.float32)
        if len(rows) != count or vectors.ndim != 2 or not vectors.shape[1]:
            raise ValueError(f"{len(rows)} vectors for {count} texts")
        if not np.isfinite(vectors).all():
            raise ValueError("numbers that are not finite")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ServerError(
            f"The server's reply is no list of {count} embeddings ({error!r}); is its model one?"
        ) from None
    return vectors
