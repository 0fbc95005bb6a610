"""One family of errors, so that a caller can catch all of them or act on one of them.

Every message says what was wrong, where (file, line or key), and what to type next.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable, Mapping
from typing import Any, get_args


class TaxonomyError(Exception):
    """Base of every error the toolkit raises on bad input; the command prints it and exits 2."""


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
    taxonomy._core.errors.SpecError: head is 'cosin'. Did you mean 'cosine'? Choose from: linear, \
cosine.
    """
    known = get_args(choices) or tuple(choices)
    if given not in known:
        near = did_you_mean(given, map(str, known)) if isinstance(given, str) else ""
        raise error(f"{field} is {shown(given)}.{near} Choose from: {', '.join(map(str, known))}.")


def check_whole(
    field: str, given: object, least: int, most: int, error: type[TaxonomyError]
) -> None:
    """Refuse what is no whole number within bounds.

    Args:
        field: what the value was given for, such as ``width``.
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


def shortened(message: str) -> str:
    """Return a message, its end left out where it is longer than 400 characters.

    >>> len(shortened("x" * 1000))
    400
    """
    if len(message) <= MOST_CHARACTERS:
        return message
    return f"{message[: MOST_CHARACTERS - 1]}…"


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
