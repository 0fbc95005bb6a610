"""What made a value: facts that lie beside its content and can be read, not written."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from types import MappingProxyType
from typing import Self

from taxonomy._core.io import Json


class Recorded:
    """A base for immutable values that say what made them."""

    _facts: dict[str, Json]

    def _record(self, facts: Mapping[str, Json] | None) -> None:
        """Keep a copy of the facts; for constructors."""
        self._facts = _copied(dict(facts or {}))

    @property
    def provenance(self) -> Mapping[str, Json]:
        """What made the value: its maker, inputs and versions; no part of its digest.

        Read-only, and what is nested in it is a copy: `with_provenance` adds facts.
        """
        return MappingProxyType(_copied(self._facts))

    def with_provenance(self, /, **facts: Json) -> Self:
        """Return an equal value with more facts in its provenance; a fact given again is replaced.

        >>> from taxonomy.trees import Hierarchy
        >>> tree = Hierarchy.star(["cat", "dog"]).with_provenance(seed=3)
        >>> dict(tree.provenance)
        {'made_by': 'star', 'seed': 3}
        """
        other = copy(self)
        vars(other)["_facts"] = _copied({**self._facts, **facts})
        return other


def _copied(value: Json) -> Json:
    """Return a copy of nested mappings and sequences as plain dictionaries and lists."""
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(item) for item in value]
    return value
