"""Finding the one JSON object of an answer by a decoder, whatever stands around it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from taxonomy._core.decoding import MOST_DEPTH
from taxonomy._core.errors import ReplyError
from taxonomy.llm.mending import mended
from taxonomy.llm.reply import Fault, Object

_MARKS = re.compile(
    r"""
    <(?i:/?[a-z:_]{0,16}(?:think|thought|reason)[a-z]{0,8}>)
  | <(?i:\|channel\|>\s{0,2}final[^{<]{0,40}(?:<\|constrain\|>[^{<]{0,40})?<\|message\|>)
  | <(?i:\|channel\|>(?!\s{0,2}final)) | <(?i:\|start\|>assistant<\|message\|>)
  | <(?i:\|(?:start|end)_thinking\|>) | <\|channel>thought | <channel\|>
  | <\|inner_(?:prefix|suffix)\|> | \[(?i:/?think\]) | ◁/?think▷ | assistantfinal
    """,
    re.VERBOSE,
)
"""What models of today write before their thoughts, and between these and their answer."""

_ENDS = ("</", "[/", "◁/", "assistantfinal", "<|end_", "<|start|>", "<channel|>", "<|inner_suffix")

_UNMARKED = re.compile(r"\s{0,8}analysis[A-Z]")
"""How thoughts begin where a server takes the marks of channels out of a text."""


class Mark(NamedTuple):
    """A place in a text where thoughts begin or end."""

    start: int
    end: int
    ends: bool


def _marks(text: str) -> list[Mark]:
    begun = [Mark(0, 0, ends=False)] if _UNMARKED.match(text) else []
    for found in _MARKS.finditer(text):
        word = found[0].lower()
        ends = word.startswith(_ENDS) or (word.startswith("<|channel|>") and "final" in word)
        begun.append(Mark(*found.span(), ends))
    return begun


_LAST_WORDS = re.compile(r"(?:\s|`|\]|<\|[a-z_]{1,20}\|>|</?[a-z_]{1,20}>)*", re.IGNORECASE)
"""What may follow an answer that nothing follows: a fence's end, marks of the end."""

_MOST_BRACES = 1000
"""Braces outside the object that are tried; telling where one breaks takes as long as the text."""

_DECODER = json.JSONDecoder(object_pairs_hook=Object)


class Found(NamedTuple):
    """An object in a text, and where it begins and ends."""

    content: Object
    start: int
    end: int


def parse(
    text: str, keys: Sequence[str] = (), *, ending: bool = False, leading: bool = False
) -> tuple[Object, int]:
    r"""Return the one JSON object of an answer and where it begins in the text.

    Thoughts before it, prose and fences around it are passed over; it may be wrapped in another
    object, or written in ways that JSON lacks (`mended`). ``NaN`` and the like are kept as they
    are, for the item's check to refuse.

    Args:
        text: the answer.
        keys: what the object must hold, to tell it from others where there are several.
        ending: take only an object that the text ends with.
        leading: or, of a text that was cut off, one that it begins with; between others it may be
            one of the thoughts.

    Raises:
        ReplyError: there is no such object, or there are several that differ.

    >>> parse('```json\n{"a": 1}\n```')
    ({'a': 1}, 8)
    >>> parse('It is {x}: 1 or 2.</think> So: {"a": 2}.')
    ({'a': 2}, 31)
    """
    begin, end, objects = _spoken(text)
    if ending:
        objects = [
            one
            for one in objects
            if _LAST_WORDS.fullmatch(text, one.end)
            or (leading and _FIRST_WORDS.fullmatch(text, begin, one.start + 1))
        ]
    answers = _answers(text, objects, keys)
    # With a broken object before it, an object may be but a part of that one.
    whole = answers and not _differ(answers) and text.find("{", begin, answers[0].start) < 0
    if not ending and not whole:
        again = _answers(text, [Found(*one) for one in mended(text, begin, end)], keys)
        answers = answers if not again or _differ(again) else again
    answers = answers or (objects if len(objects) == 1 else [])
    if not answers or _differ(answers):
        raise ReplyError(Fault.NOT_JSON)
    content, start, _ = answers[0]
    held = _held(content, keys)
    return content if held is None else held, start


def _answers(text: str, objects: Sequence[Found], keys: Sequence[str]) -> list[Found]:
    """Return the objects that hold the keys; where they differ, those that are no drafts."""
    found = [one for one in objects if _held(one.content, keys) is not None]
    return _in_tags(text, found) if _differ(found) else found


def _differ(objects: Sequence[Found]) -> bool:
    return any(one.content != objects[0].content for one in objects)


def _held(content: Object, keys: Sequence[str], depth: int = 3) -> Object | None:
    """Return the object that holds the keys: this one, or the only one within it, as a text too."""
    if set(keys) <= content.named(keys).keys():
        return content
    inner = []
    for value in content.values() if depth else ():
        if isinstance(value, str) and value.lstrip().startswith("{"):
            with suppress(ValueError, RecursionError):
                value = _DECODER.decode(value)
        if isinstance(value, Object) and (found := _held(value, keys, depth - 1)) is not None:
            inner.append(found)
    return inner[0] if len(inner) == 1 else None


_TAG = re.compile(r"<(/?)([A-Za-z_]{2,24})>")
_ANSWER = re.compile(r"answer|final|output|response|result|json", re.IGNORECASE)


def _in_tags(text: str, objects: Sequence[Found]) -> list[Found]:
    """Return the objects that stand in a tag for answers, or else those that stand in no tag."""
    opened: dict[str, int] = {}
    spans = []
    for tag in _TAG.finditer(text):
        if not tag[1]:
            opened[tag[2]] = tag.start()
        elif (begun := opened.pop(tag[2], None)) is not None:
            spans.append((begun, tag.end(), bool(_ANSWER.search(tag[2]))))
    spans = spans[:_MOST_BRACES]
    of = [{said for low, high, said in spans if low < one.start < high} for one in objects]
    spoken = [one for one, said in zip(objects, of, strict=True) if True in said]
    return spoken or [one for one, said in zip(objects, of, strict=True) if not said]


def _spoken(text: str) -> tuple[int, int, list[Found]]:
    """Return where a text's answer begins and ends, and its objects that lie in no other one.

    Raises:
        ReplyError: there are thoughts alone, or nothing.
    """
    marks = _marks(text)
    start = max((mark.end for mark in marks if mark.ends), default=0)
    if not text[start:].strip():
        raise ReplyError(Fault.EMPTY)
    objects = list(_objects(text, start))
    begins = [mark.start for mark in marks if mark.start >= start and not mark.ends]
    thoughts = _first_outside(begins, objects)
    if thoughts is not None:
        objects = [one for one in objects if one.start < thoughts]
        if not objects:
            raise ReplyError(Fault.UNFINISHED)
    return start, len(text) if thoughts is None else thoughts, objects


def _first_outside(places: Sequence[int], objects: Sequence[Found]) -> int | None:
    """Return the first of several places that lies in none of the objects; both are in order."""
    which = 0
    for at in places:
        while which < len(objects) and objects[which].end <= at:
            which += 1
        if which == len(objects) or at < objects[which].start:
            return at
    return None


def _objects(text: str, start: int) -> Iterator[Found]:
    """Yield every JSON object that lies in no other one.

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
            yield Found(found, at, end)
        at = text.find("{", end)
    raise ReplyError(Fault.NOT_JSON)


_FIRST_WORDS = re.compile(r"[\s\ufeff]*(?:```[a-z]*\s*)?\{")
"""What may stand before an answer of which only a part came: a fence's beginning."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+("|\Z)|[{}\[\],]', re.DOTALL)


def parse_cut(text: str, keys: Sequence[str]) -> tuple[Object, int]:
    """Return what a text that was cut off holds of its object: all but the last, open value.

    Args:
        text: the answer, which begins with the object; after prose it may be one of the thoughts.
        keys: what the object must hold.

    Raises:
        ReplyError: nothing of it is whole.

    >>> parse_cut('{"scores": {"cat": 7, "dog": 1', ["scores"])
    ({'scores': {'cat': 7}}, 0)
    """
    marks = _marks(text)
    if marks and not marks[-1].ends:
        raise ReplyError(Fault.UNFINISHED)
    start = marks[-1].end if marks else 0
    if found := _FIRST_WORDS.match(text, start):
        content = _closed_up(text, found.end() - 1)
        if content is not None and set(keys) <= content.keys():
            return content, found.end() - 1
    raise ReplyError(Fault.TRUNCATED)


def _closed_up(text: str, at: int) -> Object | None:
    """Return an object cut after its last comma and closed there."""
    open_: list[str] = []
    cut, closing = at, ""
    for token in _TOKEN.finditer(text, at):
        mark = token[0]
        if mark in ("{", "["):
            open_.append("}" if mark == "{" else "]")
            if len(open_) > MOST_DEPTH:
                return None
        elif mark in ("}", "]"):
            if open_.pop() != mark or not open_:
                return None  # it ends before the text does
        elif mark == ",":
            cut, closing = token.start(), "".join(reversed(open_))
        elif not token[1]:
            break  # a text without an end
    try:
        found: Object = _DECODER.decode(text[at:cut] + closing)
    except (ValueError, RecursionError):
        return None
    return found


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
