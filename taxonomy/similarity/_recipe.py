"""Sources that other sources are made of: as instances, or described in words (recipes)."""

from __future__ import annotations

import dataclasses
import math
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from taxonomy._core.errors import SimilarityError, did_you_mean
from taxonomy._core.options import options_of, parse
from taxonomy.similarity._value import Source

if TYPE_CHECKING:
    from taxonomy.labels import LabelSet
    from taxonomy.similarity._value import DenseSimilarity

Weighted = tuple[float, Source]
"""A source and how much it counts."""


def sources_in(given: str | Source | Sequence[Weighted]) -> list[Weighted]:
    """Return sources with their weights: those given, or those that a recipe names.

    Raises:
        RegistryError: a recipe names no source of that name.
        SimilarityError: no source at all, a faulty recipe, or no pairs of weight and source.

    >>> from taxonomy.similarity import RandomScores
    >>> sources_in(RandomScores(seed=4)) == sources_in("random seed=4")
    True
    """
    if isinstance(given, str):
        return weighted_sources(given)
    if not isinstance(given, Sequence):
        return [(1.0, given)]
    if not given:
        raise SimilarityError("Name at least one source, such as: (1, WordNet()).")
    pairs: list[Any] = list(given)
    for pair in pairs:
        if not (isinstance(pair, tuple) and len(pair) == 2 and callable(pair[1])):
            raise SimilarityError(
                f"{pair!r} is no pair of a weight and a source, such as (2, WordNet())."
            )
    return [(float(weight), source) for weight, source in pairs]


def written(given: str | Source | Sequence[Weighted]) -> str:
    """Return the recipe of sources: the text that stands for them, as provenance names them.

    >>> from taxonomy.similarity import RandomScores, WordNet
    >>> written([(2, WordNet(measure="lin")), (1, RandomScores())])
    '2 wordnet measure=lin; random'
    """
    if isinstance(given, str):
        return given
    return "; ".join(_written(weight, source) for weight, source in sources_in(given))


def _written(weight: float, source: Source) -> str:
    from taxonomy.similarity import SOURCES

    words = [] if weight == 1 else [repr(weight).removesuffix(".0")]
    words.append(SOURCES.name_of(source))
    options: Any = source
    for field in dataclasses.fields(options) if dataclasses.is_dataclass(options) else ():
        value = getattr(source, field.name)
        if value != field.default:
            words.append(shlex.quote(f"{field.name}={_text(value)}"))
    return " ".join(words)


def _text(value: Any) -> str:
    """Return an option's value as `_value` reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple) and not any(isinstance(part, tuple) for part in value):
        return ",".join(map(str, value))
    return written(value) if callable(value) or isinstance(value, tuple) else str(value)


def weighted_sources(text: str) -> list[Weighted]:
    """Return the sources that a recipe names, with their weights.

    A recipe is a list of sources separated by semicolons. Each is an optional weight, a registered
    name, and options as ``name=value``; quotes hold a value with spaces together.

    Args:
        text: such as ``2 llm transcript=icons/llm-rows; wordnet measure=path``.

    Raises:
        RegistryError: there is no source of that name.
        SimilarityError: no source at all, an unknown option, or a value of the wrong kind.

    >>> [(weight, source) for weight, source in weighted_sources("2 random seed=4; random")]
    [(2.0, RandomScores(seed=4)), (1.0, RandomScores(seed=0))]
    """
    return [_weighted(words, text) for words in _split(text)]


def only_source(given: str | Source) -> Source:
    """Return the one source that is given, or that a recipe names.

    Raises:
        RegistryError: there is no source of that name.
        SimilarityError: no source or several, a weight, or a faulty option.

    >>> only_source("random seed=4")
    RandomScores(seed=4)
    """
    if not isinstance(given, str):
        return given
    found = weighted_sources(given)
    if len(found) != 1 or found[0][0] != 1:
        raise SimilarityError(
            f"{given!r} is not one source; mix several with: mixture 'of={given}'."
        )
    return found[0][1]


def scored(source: Source, labels: LabelSet) -> DenseSimilarity:
    """Call a source of a recipe; its refusal says how its options are written there.

    Raises:
        SimilarityError: the source refuses, or scores neighbours only.
    """
    from taxonomy.similarity import SOURCES

    name = SOURCES.name_of(source)
    try:
        return source(labels).all_pairs()
    except SimilarityError as error:
        raise SimilarityError(
            f"{name}: {error} (In a recipe its options are written after its name: {name} "
            "OPTION=VALUE.)"
        ) from error


def _split(text: str) -> list[list[str]]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";")
    lexer.whitespace_split = True
    lexer.commenters = ""
    parts: list[list[str]] = [[]]
    try:
        for word in lexer:
            if word and not word.strip(";"):
                parts.append([])
            else:
                parts[-1].append(word)
    except ValueError as error:
        raise SimilarityError(f"The sources {text!r} cannot be read: {error}.") from error
    parts = [words for words in parts if words]
    if not parts:
        raise SimilarityError("Name at least one source, such as: wordnet; embedding.")
    return parts


def _weighted(words: list[str], text: str) -> Weighted:
    from taxonomy.similarity import SOURCES

    weight = _number(words[0])
    name, *options = words[weight is not None :] or [""]
    if not name:
        raise SimilarityError(f"The sources {text!r} hold a weight without a source.")
    cls: Any = SOURCES.get(name)
    known = {option.name: option for option in options_of(cls)}
    given = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals or key not in known:
            raise SimilarityError(
                f"The source {name!r} has no option {option!r}.{did_you_mean(key, known)} "
                f"Its options, as NAME=VALUE: {', '.join(known) or 'none'}."
            )
        try:
            given[key] = parse(known[key].hint, value)
        except ValueError as error:
            raise SimilarityError(f"The option {key!r} of the source {name!r}: {error}.") from None
    return (1.0 if weight is None else weight), cls(**given)


def _number(word: str) -> float | None:
    try:
        number = float(word)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
