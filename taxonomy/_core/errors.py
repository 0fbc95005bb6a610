"""One family of errors, so that a caller can catch all of them or act on one of them.

Every message says what was wrong, where (file, line or key), and what to type next.
"""

from __future__ import annotations

import contextlib
import difflib
import reprlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args


class TaxonomyError(Exception):
    r"""Base of every error the toolkit raises on bad input; the command prints it and exits 2.

    What it quotes may come from a stranger's file or server: characters that would do something to
    a terminal are escaped, and what goes on for ever is cut.

    Args:
        message: what is wrong, where, and what to do next.

    >>> print(TaxonomyError("the name \x1b[2J is none"))
    the name \x1b[2J is none
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(shortened(printable(str(message)), _LONGEST))


class LabelError(TaxonomyError):
    """A label set is empty, has duplicate ids, or does not hold the label asked for."""


class HierarchyError(TaxonomyError):
    """A tree is malformed, or an operation does not apply to it."""


class SimilarityError(TaxonomyError):
    """A similarity matrix is malformed or incomplete, or a source cannot score the labels."""


class ClusteringError(TaxonomyError):
    """A linkage, a cut or its bounds do not apply to the similarities given."""


class SpecError(TaxonomyError):
    """A network specification is inconsistent or does not fit the hierarchy."""


class DataError(TaxonomyError):
    """A data set is missing, unreadable, or disagrees with its labels."""


class FileFormatError(TaxonomyError):
    """A file is corrupted or is not of the format that it was read as."""


class WriteError(TaxonomyError, OSError):
    """A file cannot be written; nothing is left of it.

    Args:
        path: of the file.
        reason: the system's words.
    """

    def __init__(self, path: object, reason: str | None) -> None:
        super().__init__(f"{path}: cannot be written ({reason}); choose another place.")
        self.strerror = reason or ""


class TrainingError(TaxonomyError):
    """A training run cannot start, continue or be used."""


class ExportError(TaxonomyError):
    """A network cannot be exported, or what was written does not answer what the network does."""


class LLMError(TaxonomyError):
    """A language model cannot be asked, or its stored answers cannot be read."""


class BudgetError(LLMError):
    """A request would overshoot a ceiling, or its price is not known."""


class ServerError(LLMError):
    """The server of a language model refuses or fails to answer; answers so far are kept."""


class ReplyError(LLMError):
    """An answer of a language model is unusable, whole or in part.

    Args:
        fault: what is wrong with it, one of `taxonomy.llm.reply.Fault`.
    """

    def __init__(self, fault: Any) -> None:
        super().__init__(str(fault))
        self.fault = fault


class IncompleteError(LLMError):
    """Answers are missing; the message lists the first of them.

    Args:
        message: what to print.
        missing: why each item has no usable answer, by what was asked for.
    """

    def __init__(self, message: str, missing: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.missing = dict(missing or {})


class RegistryError(TaxonomyError):
    """A registered name is unknown or taken."""


class MissingExtraError(TaxonomyError, ImportError):
    """An optional dependency is not installed."""


def check_choice(field: str, given: object, choices: Any, error: type[TaxonomyError]) -> None:
    """Refuse a value that is not one of those that a field may have.

    Args:
        field: what the value was given for, such as ``unary``.
        given: the value.
        choices: a ``Literal`` type, or the values.
        error: what to raise.

    >>> from typing import Literal
    >>> check_choice("head", "cosin", Literal["linear", "cosine"], SpecError)
    Traceback (most recent call last):
    taxonomy._core.errors.SpecError: `head` is 'cosin'. Did you mean 'cosine'? Choose from: \
linear, cosine.
    """
    known = get_args(choices) or tuple(choices)
    if given not in known:
        near = did_you_mean(given, map(str, known)) if isinstance(given, str) else ""
        raise error(
            f"`{field}` is {shown(given)}.{near} Choose from: {', '.join(map(str, known))}."
        )


def check_whole(
    field: str, given: object, least: int, most: int, error: type[TaxonomyError]
) -> None:
    """Refuse what is no whole number within bounds.

    Args:
        field: what the value was given for, such as ``width``; that of an argument in backquotes,
            for which a command says its flag. What a file holds has none.
        given: the value.
        least: the smallest number allowed.
        most: the largest.
        error: what to raise.

    >>> check_whole("width", 0, 1, 1000, SpecError)
    Traceback (most recent call last):
    taxonomy._core.errors.SpecError: width is 0; give a whole number from 1 to 1,000.
    """
    if isinstance(given, bool) or not isinstance(given, int) or not least <= given <= most:
        raise error(f"{field} is {shown(given)}; give a whole number from {least:,} to {most:,}.")


MOST_CHARACTERS = 400
"""The length of a message about what was read, which may hold anything."""

_LONGEST = 4_000
"""The length of any message: some list what is wrong, entry by entry."""

_LONGEST_PLACE = 160
"""The length of a file's name in a message, of which the end tells more."""


def shortened(message: str, most: int = MOST_CHARACTERS) -> str:
    """Return a message, its end left out where it is longer than 400 characters.

    >>> len(shortened("x" * 1000))
    400
    """
    return message if len(message) <= most else f"{message[: most - 1]}…"


def printable(text: str) -> str:
    r"""Return a text with all characters escaped that are none to be seen, but for line ends.

    >>> printable("größer\x1b[2J\u202e")
    'größer\\x1b[2J\\u202e'
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text
    )


@contextlib.contextmanager
def naming(where: object, error: type[TaxonomyError] | None = None) -> Iterator[None]:
    """Have the toolkit's errors in a block name the file that is read, in 400 characters.

    Args:
        where: the file, and the place in it where that is known.
        error: what is raised instead of the error's own type.

    >>> with naming("tree.json"):
    ...     raise HierarchyError("the root is missing")
    Traceback (most recent call last):
    taxonomy._core.errors.HierarchyError: tree.json: the root is missing
    """
    try:
        yield
    except MissingExtraError:
        raise
    except TaxonomyError as fault:
        raise (error or type(fault))(told(where, str(fault))) from fault


def told(where: object, words: str) -> str:
    """Return a message about a file: its name, and what is wrong, in at most 400 characters.

    A message that begins with the file's name already is cut only.

    >>> told("x.json", "not valid JSON."), told("x.json", "x.json: not valid JSON.")
    ('x.json: not valid JSON.', 'x.json: not valid JSON.')
    """
    place = printable(str(where)).replace("\n", "\\n")
    words = printable(words).replace("\n", " ")
    rest = words[len(place) :] if words.startswith(place) else f": {words}"
    return shortened(ending(place, _LONGEST_PLACE) + rest)


def ending(text: str, most: int) -> str:
    """Return a text, its beginning left out where it is longer than so many characters.

    >>> ending("nodes[3].children[17].name", 10)
    '…[17].name'
    """
    return text if len(text) <= most else f"…{text[1 - most :]}"


def shown(value: object) -> str:
    """Return a value as a message shows it: short, on one line, whatever it is.

    >>> shown("x" * 100), shown([[1] * 50])
    ("'xxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxx'", '[[1, 1, 1, 1, 1, 1, ...]]')
    """
    try:
        return _SHORT.repr(value)
    except (ValueError, RecursionError):
        return "an integer of thousands of digits" if isinstance(value, int) else "…"


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 42


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return ``" Did you mean 'x'?"`` for the nearest of the known words, or an empty string.

    Args:
        word: what was given.
        known: what could have been meant.
        cutoff: how alike the two must be, in [0, 1]; of many thousand words some are always near.

    >>> did_you_mean("aple", ["apple", "pear"])
    " Did you mean 'apple'?"
    >>> did_you_mean("zebra", ["apple", "pear"])
    ''
    """
    if len(word) > _LONGEST_WORD:
        return ""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return f" Did you mean {near[0]!r}?" if near else ""


_LONGEST_WORD = 200
"""Longer ones are no slip of the fingers, and comparing them takes the square of their length."""
