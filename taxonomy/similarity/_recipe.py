"""Sources described in words, for sources that are made of others."""

from __future__ import annotations

import dataclasses
import math
import shlex
import types
import typing
from typing import TYPE_CHECKING, Any

from taxonomy._core.errors import SimilarityError, did_you_mean

if TYPE_CHECKING:
    from taxonomy.labels import LabelSet
    from taxonomy.similarity import Similarity, Source


def weighted_sources(text: str) -> list[tuple[float, Source]]:
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


def only_source(text: str) -> Source:
    """Return the one source that a recipe names.

    Raises:
        RegistryError: there is no source of that name.
        SimilarityError: no source or several, a weight, or a faulty option.

    >>> only_source("random seed=4")
    RandomScores(seed=4)
    """
    found = weighted_sources(text)
    if len(found) != 1 or found[0][0] != 1:
        raise SimilarityError(f"{text!r} is not one source; mix several with: mixture 'of={text}'.")
    return found[0][1]


def scored(source: Source, labels: LabelSet) -> Similarity:
    """Call a source of a recipe; its refusal says how its options are written there.

    Raises:
        SimilarityError: the source refuses.
    """
    from taxonomy.similarity import SOURCES

    name = SOURCES.name_of(source)
    try:
        return source(labels)
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


def _weighted(words: list[str], text: str) -> tuple[float, Source]:
    from taxonomy.similarity import SOURCES

    weight = _number(words[0])
    name, *options = words[weight is not None :] or [""]
    if not name:
        raise SimilarityError(f"The sources {text!r} hold a weight without a source.")
    cls: Any = SOURCES.get(name)
    hints = typing.get_type_hints(cls)
    known = [field.name for field in dataclasses.fields(cls)]
    given = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals or key not in known:
            raise SimilarityError(
                f"The source {name!r} has no option {option!r}.{did_you_mean(key, known)} "
                f"Its options, as NAME=VALUE: {', '.join(known) or 'none'}."
            )
        try:
            given[key] = _value(hints[key], value)
        except ValueError:
            raise SimilarityError(
                f"The option {key!r} of the source {name!r} cannot be {value!r}; "
                f"see taxonomy generate icons --source {name} --help."
            ) from None
    return (1.0 if weight is None else weight), cls(**given)


def _number(word: str) -> float | None:
    try:
        number = float(word)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _value(hint: Any, text: str) -> Any:
    """Return a text as the type that an option has.

    Raises:
        ValueError: it is none of that type.
    """
    if hint is bool:
        truth = {"yes": True, "true": True, "no": False, "false": False}
        return truth[text] if text in truth else _refused(text)
    if hint in (int, float, str):
        return hint(text)
    if typing.get_origin(hint) is typing.Literal:
        choices = {str(choice): choice for choice in typing.get_args(hint)}
        return choices[text] if text in choices else _refused(text)
    if typing.get_origin(hint) is tuple:
        one = typing.get_args(hint)[0]
        return tuple(_value(one, part) for part in text.split(",") if part)
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        for kind in typing.get_args(hint):
            if kind is types.NoneType:
                continue
            try:
                return _value(kind, text)
            except ValueError:
                continue
    return _refused(text)


def _refused(text: str) -> Any:
    raise ValueError(text)
