"""Reading what a model answered: every value checked, every fault named."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from taxonomy._core.errors import ReplyError
from taxonomy._core.io import Json


class Fault(StrEnum):
    """Why a part of an answer, or all of it, is unusable; the words that a re-ask quotes."""

    EMPTY = "the answer was empty"
    REFUSED = "the answer was a refusal"
    TRUNCATED = "the answer was cut off"
    UNFINISHED = "the answer was cut off while thinking"
    NOT_JSON = "the answer was not one JSON object"
    SWAPPED = "the answer was about something else"
    MISSING = "it was left out"
    DUPLICATE = "it came twice"
    INVENTED = "it was not asked for"
    NOT_A_NUMBER = "its value was not a number"
    OUT_OF_RANGE = "its value was out of range"
    NOT_A_NAME = "its value was not a short text"
    UNASKED = "it was not asked yet"


@dataclass
class Answers:
    """What one answer gives.

    Args:
        values: the usable values by item.
        faults: why each other item wanted has none.
        spots: where in the text each value stands, for expected scores.
        invented: items that nobody asked for.
    """

    values: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    spots: dict[str, int] = field(default_factory=dict)
    invented: int = 0


class Reply(Protocol):
    """The form of an answer: what to demand of a server and how to read what comes."""

    def schema(self, wanted: Sequence[str]) -> Json:
        """Return the JSON schema of an answer that holds the items wanted."""
        ...

    def read(self, content: Object, wanted: Sequence[str]) -> Answers:
        """Sort an answer into values and faults.

        Raises:
            ReplyError: the answer as a whole is unusable.
        """
        ...

    def room(self, wanted: Sequence[str]) -> int:
        """Return the most tokens that a good answer takes."""
        ...


class Object(dict[str, Any]):
    """A JSON object that remembers which of its keys came more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        seen: set[str] = set()
        self.twice = {key for key, _ in pairs if key in seen or seen.add(key)}  # type: ignore[func-returns-value]


_THOUGHTS_END = re.compile(
    r"</[a-z:]*(?:think|thought|reason)[a-z]*>|\[/think\]|<\|message\|>", re.IGNORECASE
)
"""What models of today write between their thoughts and their answer."""

_THOUGHTS_BEGIN = re.compile(
    r"<[a-z:]*(?:think|thought|reason)[a-z]*>|\[think\]|<\|channel\|>analysis", re.IGNORECASE
)

_MOST_BRACES = 1000
"""Braces outside the object that are tried; telling where one breaks takes as long as the text."""

_DECODER = json.JSONDecoder(object_pairs_hook=Object)


def parse(text: str, keys: Sequence[str] = ()) -> tuple[Object, int]:
    r"""Return the one JSON object of an answer and where it begins in the text.

    Thoughts before it, prose and fences around it are passed over. ``NaN`` and the like are kept as
    they are, for the item's check to refuse.

    Args:
        text: the answer.
        keys: what the object must hold, to tell it from others where there are several.

    Raises:
        ReplyError: there is no such object, or there are several that differ.

    >>> parse('```json\n{"a": 1}\n```')
    ({'a': 1}, 8)
    >>> parse('It is {x}: 1 or 2.</think> So: {"a": 2}.')
    ({'a': 2}, 31)
    """
    start = max((found.end() for found in _THOUGHTS_END.finditer(text)), default=0)
    if not text[start:].strip():
        raise ReplyError(Fault.EMPTY)
    if _THOUGHTS_BEGIN.search(text, start):
        raise ReplyError(Fault.UNFINISHED)
    objects = list(_objects(text, start))
    if len(objects) > 1:
        objects = [(found, at) for found, at in objects if set(keys) <= found.keys()]
    if not objects or any(found != objects[0][0] for found, _ in objects):
        raise ReplyError(Fault.NOT_JSON)
    return objects[0]


def _objects(text: str, start: int) -> Iterator[tuple[Object, int]]:
    """Yield every JSON object that lies in no other one, and where it begins.

    After a broken object the search goes on where it breaks, so that a part of it is not taken for
    the whole, and no character is read twice.

    Raises:
        ReplyError: it is nested too deeply, or has more braces than prose has.
    """
    at = text.find("{", start)
    for _ in range(_MOST_BRACES):
        if at < 0:
            return
        try:
            found, end = _DECODER.raw_decode(text, at)
        except json.JSONDecodeError as error:
            end = max(error.pos, at + 1)
        except (ValueError, RecursionError):  # too many digits, or too deep
            raise ReplyError(Fault.NOT_JSON) from None
        else:
            yield found, at
        at = text.find("{", end)
    raise ReplyError(Fault.NOT_JSON)


def text_of(message: Mapping[str, Any]) -> str:
    """Return the text of a completion's message, of which some servers send several parts.

    >>> text_of({"content": [{"type": "thinking", "thinking": "…"}, {"type": "text", "text": "7"}]})
    '7'
    """
    content = message.get("content")
    parts = content if isinstance(content, list) else [{"text": content}]
    texts = [part.get("text") for part in parts if isinstance(part, Mapping)]
    return "".join(text for text in texts if isinstance(text, str))


def decoded(text: str) -> Any:
    r"""Return JSON that came from outside as it can be stored.

    Halves of surrogate pairs, which no file can hold, become U+FFFD.

    Raises:
        ValueError: it is no JSON, or holds numbers that are not finite.

    >>> decoded('["\\ud83d", 7]')
    ['\ufffd', 7]
    """
    try:
        content = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    try:
        again = json.dumps(content, ensure_ascii=False, allow_nan=False)
    except ValueError:
        raise ValueError("it holds numbers that are not finite") from None
    try:
        again.encode()
    except UnicodeEncodeError:
        whole = again.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        content = json.loads(whole)
    return content


def first_faults(faults: Mapping[str, object], shown: int = 8) -> str:
    """Return the first of several faults in one line.

    >>> first_faults({"cat": Fault.MISSING, "dog": Fault.EMPTY}, shown=1)
    'cat: it was left out …'
    """
    told = "; ".join(f"{item}: {fault}" for item, fault in list(faults.items())[:shown])
    return f"{told} …" if len(faults) > shown else told


def remedy(faults: Mapping[str, object]) -> str:
    """Return what can be done about missing answers.

    >>> remedy({"cat": Fault.UNFINISHED})
    'Answers were cut off; raise `reasoning_tokens`.'
    """
    cut = {str(Fault.UNFINISHED), str(Fault.TRUNCATED)}
    if any(str(fault) in cut for fault in faults.values()):
        return "Answers were cut off; raise `reasoning_tokens`."
    return "Run again to ask for what was not asked yet, or use another `model` for the rest."


def integer(low: int, high: int) -> Check:
    """Return the check of a number within bounds, both included."""

    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ReplyError(Fault.NOT_A_NUMBER)
        if not isinstance(value, int) and not math.isfinite(value):
            raise ReplyError(Fault.NOT_A_NUMBER)
        if not low <= value <= high:
            raise ReplyError(Fault.OUT_OF_RANGE)
        return float(value)

    return Check(check, {"type": "integer", "minimum": low, "maximum": high}, 4)


def whole(low: int, high: int) -> Check:
    """Return the check of a whole number within bounds, both included."""
    number = integer(low, high)

    def check(value: Any) -> float:
        found: float = number.run(value)
        if not found.is_integer():
            raise ReplyError(Fault.OUT_OF_RANGE)
        return found

    return Check(check, number.schema, number.room)


def phrase(longest: int) -> Check:
    """Return the check of a text on one line, of so many characters at most."""

    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise ReplyError(Fault.NOT_A_NAME)
        text = " ".join(value.split())
        if not text or len(text) > longest or not text.isprintable() or "\ufffd" in text:
            raise ReplyError(Fault.NOT_A_NAME)
        return text

    return Check(check, {"type": "string"}, longest)


@dataclass(frozen=True)
class Check:
    """How a value is checked, demanded and how many tokens it takes at most."""

    run: Callable[[Any], Any]
    schema: Json
    room: int


@dataclass(frozen=True)
class Fields:
    """An answer that maps every item to a value: ``{"scores": {"<id>": 12, ...}}``.

    Args:
        key: of the mapping.
        check: of every value, or each item's own.
        fixed: other keys that must come back as they were sent, such as the anchor.
    """

    key: str
    check: Check | Mapping[str, Check]
    fixed: Mapping[str, str] = field(default_factory=dict)

    def check_of(self, item: str) -> Check:
        """Return how an item's value is checked."""
        return self.check if isinstance(self.check, Check) else self.check[item]

    def schema(self, wanted: Sequence[str]) -> Json:
        """Demand every item as a key of its own."""
        fixed = {name: {"type": "string", "enum": [value]} for name, value in self.fixed.items()}
        schemas = {item: self.check_of(item).schema for item in wanted}
        return closed(fixed | {self.key: closed(schemas)})

    def read(self, content: Object, wanted: Sequence[str]) -> Answers:
        """Check every item by itself."""
        if any(content.get(key) != value for key, value in self.fixed.items()):
            raise ReplyError(Fault.SWAPPED)
        found = content.get(self.key)
        if not isinstance(found, Object) or self.key in content.twice:
            raise ReplyError(Fault.NOT_JSON)
        reading = Answers(invented=len(found.keys() - set(wanted)))
        for item in wanted:
            try:
                if item not in found:
                    raise ReplyError(Fault.MISSING)
                if item in found.twice:
                    raise ReplyError(Fault.DUPLICATE)
                reading.values[item] = self.check_of(item).run(found[item])
            except ReplyError as error:
                reading.faults[item] = error.fault
        return reading

    def room(self, wanted: Sequence[str]) -> int:
        """Count every byte of the ids as a token, which no tokenizer exceeds."""
        ids = sum(len(item.encode()) + 5 for item in wanted)
        fixed = sum(len(key) + len(value.encode()) + 8 for key, value in self.fixed.items())
        return 32 + ids + fixed + sum(self.check_of(item).room for item in wanted)


@dataclass(frozen=True)
class Single:
    """An answer with one value: ``{"description": "…"}``; its only item is the key."""

    key: str
    check: Check

    def schema(self, wanted: Sequence[str]) -> Json:  # noqa: ARG002
        """Demand the one field."""
        return closed({self.key: self.check.schema})

    def read(self, content: Object, wanted: Sequence[str]) -> Answers:
        """Check the one value."""
        (item,) = wanted
        if self.key not in content:
            return Answers(faults={item: Fault.MISSING})
        if self.key in content.twice:
            return Answers(faults={item: Fault.DUPLICATE})
        try:
            return Answers(values={item: self.check.run(content[self.key])})
        except ReplyError as error:
            return Answers(faults={item: error.fault})

    def room(self, wanted: Sequence[str]) -> int:  # noqa: ARG002
        """Allow for the field and the value."""
        return 32 + self.check.room


def closed(properties: Mapping[str, Json]) -> Json:
    """Return the schema of an object with exactly these keys."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def spots(text: str, start: int, wanted: Sequence[str]) -> dict[str, int]:
    """Return where in an answer's text the number of each item begins.

    >>> spots('{"scores": {"cat": 7, "dog": 3}}', 0, ["dog"])
    {'dog': 29}
    """
    found = {}
    for item in wanted:
        for form in {json.dumps(item), json.dumps(item, ensure_ascii=False)}:
            match = re.compile(re.escape(form) + r"\s*:\s*(?=\d)").search(text, start)
            if match:
                found[item] = match.end()
                break
    return found
