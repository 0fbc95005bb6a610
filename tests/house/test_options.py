"""An option that is one of a few words is never something else without a word."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator
from typing import Any

import pytest

from taxonomy._core.errors import TaxonomyError
from taxonomy.builders import BUILDERS
from taxonomy.clustering.shaped import Shape
from taxonomy.data import Preprocessing
from taxonomy.export import TARGETS
from taxonomy.formats import FORMATS
from taxonomy.similarity import SOURCES

REGISTRIES = (BUILDERS, SOURCES, FORMATS, TARGETS)
CLASSES = [
    *(registry.get(name) for registry in REGISTRIES for name in registry),
    *(Shape, Preprocessing),
]


def words(hint: Any) -> list[str]:
    """Return the texts that a type allows by name, where it allows no others."""
    if hint is str:
        return []
    if typing.get_origin(hint) is typing.Literal:
        return [word for word in typing.get_args(hint) if isinstance(word, str)]
    return [word for part in typing.get_args(hint) for word in words(part)]


def options() -> Iterator[Any]:
    for cls in CLASSES:
        hints = typing.get_type_hints(cls)
        for field in dataclasses.fields(cls):
            for word in words(hints[field.name]):
                yield pytest.param(cls, field.name, word, id=f"{cls.__name__}-{field.name}-{word}")


@pytest.mark.parametrize(("cls", "field", "word"), list(options()))
def test_a_misspelt_word_is_refused_and_the_right_one_suggested(cls, field, word):
    cls(**{field: word})
    misspelt = word + word[-1]
    with pytest.raises(TaxonomyError, match=rf"Did you mean '{word}'"):
        cls(**{field: misspelt})
