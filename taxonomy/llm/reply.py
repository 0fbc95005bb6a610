"""Reading what a model answered: every value checked, every fault named."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from taxonomy._core.errors import ReplyError
from taxonomy._core.io import Json


class Fault(StrEnum):
    """Why a part of an answer, or all of it, is unusable; the words that a re-ask quotes."""

    EMPTY = "the answer was empty"
    REFUSED = "the answer was a refusal"
    TRUNCATED = "the answer was cut off"
    UNFINISHED = "the answer was cut off while thinking"
    WINDOW = "the answer was cut off where the context window ended"
    UNREAD = "the question was longer than the context window"
    THOUGHTS = "the answer was thoughts alone"
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
    """The form of an answer: what to demand of a server and how to read what comes.

    Attributes:
        divisible: whether a part of an answer is of use, the rest to be asked for again.
    """

    divisible: ClassVar[bool]

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

    def named(self, keys: Sequence[str]) -> Object:
        """Return the object with the keys wanted, where they differ in case, spaces and the like.

        A key that could be two of those wanted, or the other way round, is left as it is.

        >>> Object([("Scores ", 1), ("bee_fly", 2)]).named(["scores", "bee fly"])
        {'scores': 1, 'bee fly': 2}
        """
        lacking = [key for key in keys if key not in self]
        if not lacking:
            return self
        wanted = Counter(_plain(key) for key in keys)
        others = [key for key in self if key not in set(keys)]
        alike = Counter(_plain(key) for key in others)
        right = {_plain(key): key for key in lacking}
        names = {
            key: right[plain]
            for key in others
            if (plain := _plain(key)) in right and wanted[plain] == alike[plain] == 1
        }
        made = Object([(names.get(key, key), value) for key, value in self.items()])
        made.twice = {names.get(key, key) for key in self.twice}
        return made


def _plain(key: str) -> str:
    """Return a key without what people and models write in different ways."""
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", key).casefold()).strip()


def first_faults(faults: Mapping[str, object], shown: int = 3) -> str:
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
    seen = {str(fault) for fault in faults.values()}
    if seen & {str(Fault.WINDOW), str(Fault.UNREAD)}:
        return (
            "The context window is too small: give the server a larger one and raise "
            "`reasoning_tokens`, or ask about fewer classes."
        )
    if seen & {str(Fault.UNFINISHED), str(Fault.TRUNCATED)}:
        return "Answers were cut off; raise `reasoning_tokens`."
    return "Run again to ask for what was not asked yet, or use another `model` for the rest."


def _number_of(value: Any) -> Any:
    """Return the number that a text is, or that stands in an object beside a reason for it."""
    if isinstance(value, Mapping):
        numbers = [one for one in value.values() if type(one) in (int, float)]
        return numbers[0] if len(numbers) == 1 else value
    if isinstance(value, str) and re.fullmatch(r"\s?-?[0-9]{1,9}(?:\.[0-9]{1,9})?\s?", value):
        return float(value)
    return value


def _mapping(records: Any) -> Any:
    """Return the mapping that a list of records with an ``id`` stands for."""
    if not isinstance(records, list) or not all(isinstance(one, Object) for one in records):
        return records
    pairs: list[tuple[str, Any]] = []
    for record in (one.named(["id"]) for one in records):
        rest = Object([(key, value) for key, value in record.items() if key != "id"])
        if len(record) == 1:
            pairs += rest.items()
        elif isinstance(record.get("id"), str):
            pairs.append((record["id"], next(iter(rest.values())) if len(rest) == 1 else rest))
    return Object(pairs)


def integer(low: int, high: int) -> Check:
    """Return the check of a number within bounds, both included."""

    def check(value: Any) -> float:
        value = _number_of(value)
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

    divisible: ClassVar[bool] = True

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
        content = content.named([self.key, *self.fixed])
        if any(content.get(key) != value for key, value in self.fixed.items()):
            raise ReplyError(Fault.SWAPPED)
        found = _mapping(content.get(self.key))
        if not isinstance(found, Object) or self.key in content.twice:
            raise ReplyError(Fault.NOT_JSON)
        found = found.named(wanted)
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

    divisible: ClassVar[bool] = False

    key: str
    check: Check

    def schema(self, wanted: Sequence[str]) -> Json:  # noqa: ARG002
        """Demand the one field."""
        return closed({self.key: self.check.schema})

    def read(self, content: Object, wanted: Sequence[str]) -> Answers:
        """Check the one value."""
        (item,) = wanted
        content = content.named([self.key])
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
