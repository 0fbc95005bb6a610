"""Embeddings from an OpenAI-compatible server."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from taxonomy._core.errors import ServerError
from taxonomy._core.registry import require
from taxonomy.llm.client import LONGEST_WAIT, Server, clean, retry_after

Float32Array = npt.NDArray[np.float32]

AT_ONCE = 128
"""Texts in one request."""


def embed(texts: Sequence[str], model: str, server: Server, at_once: int = AT_ONCE) -> Float32Array:
    """Return one vector a text, in the order of the texts.

    Failures that may pass (429, 408, 409, 5xx, timeouts, dropped connections) are tried again as
    the client of chat completions does; others end at once.

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
    client: Any = server.connect_once()
    with client:
        parts = [
            _vectors(client, list(texts[start : start + at_once]), model, server)
            for start in range(0, len(texts), at_once)
        ]
    widths = {part.shape[1] for part in parts}
    if len(widths) > 1:
        raise ServerError(f"The server's vectors have different lengths: {sorted(widths)}.")
    return np.concatenate(parts)


def _vectors(client: Any, texts: list[str], model: str, server: Server) -> Float32Array:
    """Send one request, again where that may help, and return its vectors."""
    for failures in range(server.retries + 1):
        content, reason, wait = _sent(client, texts, model, server)
        if content is not None:
            return _read(content, len(texts))
        if wait is None or wait > LONGEST_WAIT or failures == server.retries:
            break
        time.sleep(wait or server.first_wait * 2**failures)
    tries = f" after {failures + 1} tries" if failures else ""
    raise ServerError(
        f"The embeddings server failed{tries}: {reason[:500]}. Vectors so far are kept where "
        "caching is on; run again to continue."
    )


def _sent(
    client: Any, texts: list[str], model: str, server: Server
) -> tuple[Any, str, float | None]:
    """Return a reply, or why there is none and how long to wait: 0 to choose, None for no use."""
    library = require("openai")
    try:
        raw = client.embeddings.with_raw_response.create(
            model=model, input=texts, encoding_format="float"
        )
    except library.APITimeoutError:
        return None, f"no answer within {server.timeout:g} seconds", 0.0
    except library.APIConnectionError as error:
        return None, f"the connection failed ({error.__cause__ or error})", 0.0
    except library.APIStatusError as error:
        status, text = error.status_code, clean(str(error.message), server.key_variable)
        told = text if str(status) in text else f"status {status}: {text}"
        quota = getattr(error, "code", None) == "insufficient_quota"
        passing = (status in (408, 409, 429) or status >= 500) and not quota
        return None, told, (retry_after(error.response.headers) or 0.0) if passing else None
    try:
        return json.loads(raw.text), "", None
    except (ValueError, RecursionError):
        return None, "the reply is not JSON", 0.0


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
    except (KeyError, TypeError, ValueError) as error:
        raise ServerError(
            f"The server's reply is no list of {count} embeddings ({error!r}); is its model one?"
        ) from None
    return vectors
