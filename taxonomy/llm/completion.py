"""A chat completion as servers send it: its text, how it ended, what it cost, its probabilities."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from itertools import accumulate
from typing import Any, TypeGuard

from taxonomy._core.decoding import INT64, check_json
from taxonomy._core.errors import LLMError

CUT = frozenset(
    {"length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded"}
)
"""Words of servers for an answer that was cut off."""

FILTERED = frozenset(
    {"content_filter", "refusal", "safety", "sensitive", "prohibited_content", "blocklist"}
)
"""Words of servers for an answer that is withheld."""

BROKEN = frozenset({"error", "network_error", "insufficient_system_resource"})
"""Words of servers for an answer that failed on their side; it is asked for once more."""

MOST_TOKENS = 10**9
"""Tokens that one request can have; a server that reports more is not believed."""


SMALLEST_WINDOW = 512
"""Tokens that any model's context window holds."""


def decoded(text: str) -> Any:
    r"""Return JSON that came from outside as it can be stored.

    Halves of surrogate pairs, which no file can hold, become U+FFFD; numbers that are not finite,
    and integers of more than 64 bits, become None.

    Raises:
        ValueError: it is no JSON, or nested too deeply.

    >>> decoded('["\\ud83d", 7, NaN, 99999999999999999999]')
    ['\ufffd', 7, None, None]
    """
    try:
        content = json.loads(
            text, parse_constant=lambda _: None, parse_float=_finite, parse_int=_short
        )
        again = json.dumps(content, ensure_ascii=False)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    try:
        again.encode()
    except UnicodeEncodeError:
        whole = again.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        content = json.loads(whole)
    try:
        check_json(content, "the reply", LLMError)
    except LLMError as error:
        raise ValueError(str(error)) from None
    return content


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _short(digits: str) -> int | None:
    return number if len(digits) <= 20 and (number := int(digits)) in INT64 else None


def is_completion(content: Any) -> bool:
    """Return whether JSON is a chat completion with an answer in it."""
    with suppress(KeyError, IndexError, TypeError):
        return isinstance(content["choices"][0]["message"], Mapping)
    return False


def told_error(content: Any) -> tuple[str, Any] | None:
    """Return the text and the code of an error that a reply tells of, or None.

    It may be an object, as OpenAI sends it, a text alone, the reply itself, or part of a choice.

    >>> told_error({"error": {"message": "Rate limit exceeded", "code": 429}})
    ('Rate limit exceeded', 429)
    >>> told_error({"object": "error", "message": "too long", "code": 400})
    ('too long', 400)
    """
    if not isinstance(content, Mapping):
        return None
    error = content.get("error")
    if not error and is_completion(content):
        choice = content["choices"][0]
        error = choice.get("error")
        if not error and str(choice.get("finish_reason")).casefold() in BROKEN:
            error = f"the answer ended with {choice['finish_reason']!r}"
    elif not error and not content.get("choices"):
        error = content
    if not error:
        return None
    if not isinstance(error, Mapping):
        return str(error), None
    details = error.get("metadata")
    raw = details.get("raw") if isinstance(details, Mapping) else None  # the provider's own words
    words = (error.get(key) for key in ("message", "detail", "error", "msg"))
    message = next((str(word) for word in (raw, *words, *_messages(error)) if word), "")
    return (message, error.get("code")) if message else None


def _messages(error: Mapping[str, Any]) -> list[Any]:
    """Return the messages of a list of errors, as Cloudflare sends them."""
    return [one.get("message") for one in _mappings(error.get("errors"))]


def text_of(message: Mapping[str, Any]) -> str:
    """Return the text of a completion's message: some servers send parts, or a tool's arguments.

    >>> text_of({"content": [{"type": "thinking", "thinking": "…"}, {"type": "text", "text": "7"}]})
    '7'
    """
    content = message.get("content")
    if isinstance(content, Mapping) and "text" not in content:
        text = json.dumps(content, ensure_ascii=False) if content else ""
    else:
        text = _joined(content)
    if not text.strip():
        text = _arguments(message)
    if text.lstrip().startswith('"'):  # the object as a JSON text, its quotes escaped
        with suppress(ValueError, RecursionError):
            whole = json.loads(text)
            text = whole if isinstance(whole, str) else text
    return text


def thoughts_of(message: Mapping[str, Any]) -> str:
    """Return what a completion's message holds of thoughts beside its text.

    >>> thoughts_of({"content": None, "reasoning_content": "let me see"})
    'let me see'
    """
    fields = ("reasoning_content", "reasoning", "thinking")
    details = [part.get("text") for part in _mappings(message.get("reasoning_details"))]
    texts = (*(_joined(message.get(key)) for key in fields), "".join(filter(_is_text, details)))
    return next((text for text in texts if text), "")


def _is_text(part: Any) -> TypeGuard[str]:
    return isinstance(part, str)


def _joined(content: Any) -> str:
    """Return the texts of a content's parts that are no thoughts."""
    parts = content if isinstance(content, list) else [content]
    texts = []
    for part in parts:
        if isinstance(part, Mapping):
            kind = str(part.get("type"))
            told = part.get("text")
            told = told.get("value") if isinstance(told, Mapping) else told  # as of assistants
            texts.append("" if "think" in kind or "reason" in kind else told)
        elif not isinstance(content, list):
            texts.append(part)
    return "".join(filter(_is_text, texts))


def _arguments(message: Mapping[str, Any]) -> str:
    """Return the arguments of the tools that a message calls, as some gateways answer."""
    calls = message.get("tool_calls")
    owners = [(call, "function") for call in _mappings(calls)] + [(message, "function_call")]
    texts = []
    for owner, key in owners:
        function = owner.get(key)
        found = function.get("arguments") if isinstance(function, Mapping) else None
        if found:
            texts.append(found if isinstance(found, str) else json.dumps(found))
    return "\n".join(texts)


def is_refused(choice: Mapping[str, Any]) -> bool:
    """Return whether a completion's choice is a refusal, the model's own or a filter's.

    >>> is_refused({"message": {"content": [{"type": "refusal", "refusal": "No."}]}})
    True
    """
    message = choice["message"]
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    if message.get("refusal") or any(isinstance(p, Mapping) and p.get("refusal") for p in parts):
        return True
    filtered = str(choice.get("finish_reason")).casefold() in FILTERED
    return filtered and not text_of(message).strip().endswith("}")


def is_cut(answer: Mapping[str, Any]) -> bool:
    """Return whether an answer was cut off, by its limit or by the context window."""
    choice = answer["choices"][0]
    if str(choice.get("finish_reason")).casefold() in CUT:
        return True
    # Some servers call an answer of nothing but thoughts finished.
    used, allowed = usage(answer), answer.get("allowed")
    full = used is not None and isinstance(allowed, int) and used[1] >= allowed
    return full and not text_of(choice["message"]).strip()


def fills_window(answer: Mapping[str, Any]) -> bool:
    """Return whether it was the context window that cut an answer off, short of its own limit."""
    if str(answer["choices"][0].get("finish_reason")) == "model_context_window_exceeded":
        return True
    used, allowed = usage(answer), answer.get("allowed")
    if not is_cut(answer) or used is None or not isinstance(allowed, int):
        return False
    return used[1] < allowed and sum(used) >= SMALLEST_WINDOW


def loses_question(answer: Mapping[str, Any], size: int) -> bool:
    """Return whether a server read too few tokens for a question of so many bytes.

    Some cut what their context window does not hold, and say so in the usage only. Names and JSON
    have three to four bytes a token.

    >>> loses_question({"usage": {"prompt_tokens": 2051, "completion_tokens": 90}}, 40_000)
    True
    """
    used = usage(answer)
    return used is not None and used[0] >= SMALLEST_WINDOW // 2 and used[0] * 8 < size


def usage(answer: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the tokens read and written that a completion reports, or None.

    >>> usage({"usage": {"prompt_tokens": 9, "completion_tokens": 2}})
    (9, 2)
    """
    with suppress(KeyError, TypeError):
        read, written = (answer["usage"][f"{kind}_tokens"] for kind in ("prompt", "completion"))
        if all(type(number) is int and 0 <= number <= MOST_TOKENS for number in (read, written)):
            return read, written
    return None


def log_probabilities(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return an answer's tokens with their log-probabilities; none where there are none."""
    found = answer["choices"][0].get("logprobs")
    return _mappings(found.get("content")) if isinstance(found, Mapping) else []


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
    tokens = log_probabilities(answer)
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
