"""One family of errors, so that a caller can catch all of them or act on one of them.

Every message says what was wrong, where (file, line or key), and what to type next.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any


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


class TrainingError(TaxonomyError):
    """A training run cannot start, continue or be used."""


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


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the nearest of the known words, or an empty string.

    >>> did_you_mean("aple", ["apple", "pear"])
    " Did you mean 'apple'?"
    >>> did_you_mean("zebra", ["apple", "pear"])
    ''
    """
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean {near[0]!r}?" if near else ""
