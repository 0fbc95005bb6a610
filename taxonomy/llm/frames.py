"""The frame of a reply: streams that nobody asked for, lists of one, other words for a message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeGuard

from taxonomy.llm.completion import decoded, is_completion, text_of

_FIELDS = ("data", "event", "id", "retry", "")
"""What a line of a stream of events may begin with; with nothing before the colon it is a sign of
life (WHATWG HTML, section 9.2)."""


def unframed(text: str) -> Any:
    r"""Return the JSON of a reply, of a stream's chunks the completion that they make up.

    Raises:
        ValueError: it is no JSON, or a stream that does not end.

    >>> unframed('data: {"choices": [{"delta": {"content": "7"}}]}\n\ndata: [DONE]')["choices"]
    [{'finish_reason': None, 'message': {'content': '7'}}]
    >>> unframed(': busy\n\n[{"error": "full"}]')
    {'error': 'full'}
    """
    begin = text.lstrip()
    content = _streamed(begin) if begin.partition(":")[0] in _FIELDS else decoded(text)
    if isinstance(content, list) and len(content) == 1 and isinstance(content[0], Mapping):
        content = content[0]
    return _with_message(content)


def _streamed(text: str) -> Any:
    lines = text.splitlines()
    data = [line[5:].strip() for line in lines if line.startswith("data:")]
    if not data:
        return decoded("\n".join(line for line in lines if not line.startswith(":")))
    chunks = [decoded(one) for one in data if one and one != "[DONE]"]
    for chunk in chunks:
        if not isinstance(chunk, Mapping) or chunk.get("error") or is_completion(chunk):
            return chunk
    choices = [choice for chunk in chunks for choice in _choices(chunk)]
    ends = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
    if not ends and "[DONE]" not in data:
        raise ValueError("the stream does not end")
    deltas = [delta for one in choices if isinstance(delta := one.get("delta"), Mapping)]
    names = {name: None for delta in deltas for name, part in delta.items() if _is_text(part)}
    message = {name: "".join(filter(_is_text, (d.get(name) for d in deltas))) for name in names}
    usages = [chunk["usage"] for chunk in chunks if chunk.get("usage")]
    whole = {"choices": [{"finish_reason": ends[-1] if ends else None, "message": message}]}
    return {**chunks[0], **whole, **({"usage": usages[-1]} if usages else {})} if message else None


def _is_text(part: Any) -> TypeGuard[str]:
    return isinstance(part, str)


def _choices(chunk: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    found = chunk.get("choices")
    for choice in found if isinstance(found, list) else []:
        if isinstance(choice, Mapping) and not choice.get("index"):
            yield choice


def _with_message(content: Any) -> Any:
    """Return a completion whose first choice has a message, and a text if any choice has one."""
    with suppress(KeyError, IndexError, TypeError):
        choices = [dict(choice) for choice in content["choices"]]
        for choice in choices:
            if not isinstance(choice.get("message"), Mapping) and "message" not in choice:
                delta, text = choice.pop("delta", None), choice.get("text")
                if isinstance(delta, Mapping) or isinstance(text, str):
                    choice["message"] = delta if isinstance(delta, Mapping) else {"content": text}
        made = {**content, "choices": choices}
        if len(choices) > 1 and all(isinstance(one.get("message"), Mapping) for one in choices):
            choices.sort(key=lambda choice: not text_of(choice["message"]).strip())
        return made if is_completion(made) else content
    return content
