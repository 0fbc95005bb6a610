"""Classes as a file or folder has them, each with its place, on their way to becoming labels."""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from taxonomy._core.errors import MOST_CHARACTERS, LabelError, shortened, told
from taxonomy._core.spelling import composed, differing, look
from taxonomy.labels.label import SYNSET, Label

log = logging.getLogger(__name__)

MACHINE_ID = re.compile(r"/[gmt]/[0-9a-z_]+")
"""A machine id of Google's knowledge graph, by which Open Images and AudioSet know a class."""

_WNID_FIRST = re.compile(r"([nN]\d{8})[-_. ]\s*(\S.*)")
_OTHER_WNID = re.compile(r"N(\d{8})|(\d{8})-?n|Synset\('([^\s,]+\.n\.\d{2})'\)")
_CODE = re.compile(r"\d+|Q\d+|/[gmt]/[0-9a-z_]+")
_NUMBER_FIRST = re.compile(r"(\d{1,6}(?=[-_.])|0\d{0,5}(?= ))[-_. ]\s*(\D.*)")


@dataclass(frozen=True)
class Entry:
    """One class as it was found.

    Args:
        place: where it stands, such as ``line 3`` or ``names[2]``; empty for folders.
        id: its id.
        name: as a label has it; empty where none is given.
        definition: likewise.
        wnid: likewise, or a synset's name.
    """

    place: str
    id: str
    name: str = ""
    definition: str = ""
    wnid: str = ""


@dataclass(frozen=True)
class Found:
    """All classes that were found.

    Args:
        entries: one a class.
        form: how they were written, in words; empty for names alone, one a line.
        doubt: what in it may be wrong, in words.
    """

    entries: Sequence[Entry]
    form: str = ""
    doubt: str = ""


def is_code(text: str) -> bool:
    """Return whether a text is an id that a list of others gives to a class."""
    return bool(SYNSET.fullmatch(text) or MACHINE_ID.fullmatch(text))


def as_synset(code: str) -> str:
    """Return a noun synset as the toolkit writes it, however others do; anything else as it is.

    >>> as_synset("N02084071"), as_synset("02084071-n"), as_synset("Synset('dog.n.01')")
    ('n02084071', 'n02084071', 'dog.n.01')
    """
    if not (match := _OTHER_WNID.fullmatch(code)):
        return code
    return match[3] or f"n{match[1] or match[2]}"


def codes_alone(labels: Sequence[Label]) -> str:
    """Return in words that all names are numbers or codes, of which no text says anything.

    >>> codes_alone([Label("00017"), Label("00042")])[:42]
    'all 2 names are numbers or codes (00017, …'
    """
    if len(labels) < 2 or not all(_CODE.fullmatch(label.name) for label in labels):
        return ""
    return (
        f"all {len(labels)} names are numbers or codes ({labels[0].name}, …), which say nothing to "
        "WordNet, an embedding or a language model; where they stand for names, give a table with "
        "the columns id and name"
    )


def of_code(place: str, code: str, name: str) -> Entry:
    """Return the entry of a class that a code stands for; a code of WordNet is its synset."""
    return Entry(place, code, name, wnid=code if SYNSET.fullmatch(code) else "")


def first_name(names: str) -> str:
    """Return the first of several names of a synset, as ImageNet's files list them.

    >>> first_name("tench, Tinca tinca")
    'tench'
    """
    return names.split(",")[0].strip().replace("_", " ")


def with_codes(entries: Sequence[Entry]) -> tuple[list[Entry], str]:
    """Tell the codes that ids begin with from the names; return in words what was told.

    The id stays whole: class folders are called by it. ``n02085620-Chihuahua`` has the wnid for a
    code. Numbers, as in ``003.backpack``, are codes where all ids have one, and no two the same.

    >>> with_codes([Entry("", "n02085620-Chihuahua")])[0][0].name
    'Chihuahua'
    """
    told = list(entries)
    bare = [i for i, entry in enumerate(told) if not entry.name]
    numbers = dict[str, str]()
    wnids = codes = 0
    for i in bare:
        entry = told[i]
        if match := _WNID_FIRST.fullmatch(entry.id):
            wnid = entry.wnid or as_synset(match[1])
            told[i] = replace(entry, name=first_name(match[2]), wnid=wnid)
            wnids += 1
        elif SYNSET.fullmatch(code := as_synset(entry.id)):
            name = "" if code == entry.id else code
            told[i] = replace(entry, name=name, wnid=entry.wnid or code)
            codes += 1
        elif match := _NUMBER_FIRST.fullmatch(entry.id):
            numbers[match[1]] = match[2]
    if codes:
        return told, f"{'codes' if codes == len(told) else f'{codes} codes'} of WordNet"
    if wnids:
        all_ = "each name" if wnids == len(told) else f"{wnids} names"
        return told, f"a WordNet id in front of {all_}, kept in the ids"
    if len(numbers) < 2 or len(numbers) < len(told):
        return told, ""
    if len({composed(name) for name in numbers.values()}) < len(numbers):
        return list(entries), ""  # "2 door car", "4 door car": the numbers tell them apart
    return [
        replace(entry, name=name.replace("_", " "))
        for entry, name in zip(told, numbers.values(), strict=True)
    ], "a number in front of each name, kept in the ids"


def to_labels(entries: Iterable[Entry], where: str, strange: str = "") -> list[Label]:
    """Return the labels, after checking them all.

    Args:
        entries: one a class.
        where: the file or folder, for messages.
        strange: which characters that cannot be seen were taken out of which lines.

    Raises:
        LabelError: a malformed entry, or doubles, all of which are listed.
    """
    entries = list(entries)
    labels = []
    for entry in entries:
        try:
            labels.append(Label(entry.id, entry.name, entry.definition, entry.wnid))
        except LabelError as error:
            place = f"{entry.place}: " if entry.place else ""
            raise LabelError(told(where, f"{place}{error}")) from error
    ids = [(entry.id, entry.place) for entry in entries]
    wnids = {entry.wnid for entry in entries}
    by_wnid = "" not in wnids and len(wnids) == len(entries)
    remedy = "name the column of their WordNet ids 'id'" if by_wnid else ""
    refuse_doubles(ids, f"{where}: ", remedy, f" ({strange})" if strange else "")
    if near := [_places(group) for group in _alike(ids, look)]:
        log.warning(
            "%s: %s differ in capitals, spaces, hyphens or letters that look alike only%s; if they "
            "are one class, keep one way of writing it.",
            *(where, "; ".join(near[:10]), f" (and {len(near) - 10} more)" * (len(near) > 10)),
        )
    return labels


def refuse_doubles(
    ids: Sequence[tuple[str, str]], where: str = "", remedy: str = "", note: str = ""
) -> None:
    """Refuse ids that occur several times, be it in other Unicode characters; list all of them.

    Args:
        ids: each with its place.
        where: begins the message.
        remedy: what else than removing them helps.
        note: ends the message.

    Raises:
        LabelError: there are some; where they are too many for one message, the log lists them.

    >>> refuse_doubles([("cat", "line 1"), ("dog", "line 2"), ("cat", "line 3")])
    Traceback (most recent call last):
    taxonomy._core.errors.LabelError: 'cat' (line 1, line 3) occurs twice; ids must be unique: \
remove the doubles, or tell them apart by a column 'id'.
    """
    if not (listed := [_places(group) for group in _alike(ids, composed)]):
        return
    remedy = remedy or "tell them apart by a column 'id'"
    end = f"ids must be unique: remove the doubles, or {remedy}.{note}"
    several = f"{len(listed)} classes occur several times"
    message = f"{several}: {'; '.join(listed)}; {end}"
    if len(listed) == 1:
        message = f"{listed[0]} occurs {_times(ids, composed)}; {end}"
    elif len(where + message) > MOST_CHARACTERS:
        log.warning("%s%s: %s", where, several, "; ".join(listed))
        message = f"{several}, all listed above, such as {listed[0]}; {end}"
    raise LabelError(shortened(where + message))


def _times(ids: Sequence[tuple[str, str]], key: Callable[[str], str]) -> str:
    """Return how often the one that occurs several times does, in words."""
    count = max(map(len, _alike(ids, key)))
    return "twice" if count == 2 else f"{count} times"


def _alike(
    ids: Sequence[tuple[str, str]], key: Callable[[str], str]
) -> list[list[tuple[str, str]]]:
    """Return the groups of several ids that have a key in common."""
    groups = defaultdict[str, list[tuple[str, str]]](list)
    for one in ids:
        groups[key(one[0])].append(one)
    return [group for group in groups.values() if len(group) > 1]


def _places(group: Sequence[tuple[str, str]]) -> str:
    """Return an id, or the ids where they differ, with their places.

    >>> _places([("cat", "line 1"), ("cat", "line 4")])
    "'cat' (line 1, line 4)"
    >>> _places([("cat", "line 1"), ("Cat", "line 4")])
    "'cat' (line 1) and 'Cat' (line 4)"
    """
    (one, _), (other, _) = group[0], group[-1]
    if len({name for name, _ in group}) == 1:
        places = ", ".join(place for _, place in group if place)
        return f"{one[:60]!r} ({places})" if places else repr(one[:60])
    written = (f"{name[:60]!r}{f' ({place})' if place else ''}" for name, place in group)
    same = composed(one) == composed(other)
    apart = f" in other characters ({differing(one, other)})"
    return " and ".join(written) + apart * same
