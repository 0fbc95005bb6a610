"""Lazy registries: names without imports, imports on demand, errors that say what to type next."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from taxonomy._core.errors import MissingExtraError, RegistryError, did_you_mean

Entry = TypeVar("Entry")

EXTRAS = {
    "datasets": "hub",
    "matplotlib": "plots",
    "nltk": "wordnet",
    "openai": "llm",
    "PIL": "train",
    "safetensors": "train",
    "sentence_transformers": "embeddings",
    "tensorboard": "tensorboard",
    "timm": "timm",
    "torch": "train",
    "transformers": "embeddings",
}
"""Which extra of the distribution brings an optional top-level module."""


def require(module: str) -> ModuleType:
    """Import an optional module, or say which extra brings it.

    Raises:
        MissingExtraError: the module is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        top = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != top or top not in EXTRAS:
            raise
        raise MissingExtraError(
            f"This needs the package {top!r}, which is not installed. "
            f'Type: pip install "taxonomy-experts[{EXTRAS[top]}]"'
        ) from error


class Registry(Generic[Entry]):
    """The modules of one package, each offering one attribute of the same name.

    A registered name is a module's stem. Third parties add names through the entry point group
    ``taxonomy.<family>``; such a name must not repeat one of the package's own.

    Args:
        family: what is registered, for messages and the entry point group, such as ``"source"``.
        package: the package whose public modules are the entries.
        attribute: the attribute that each module offers.
    """

    def __init__(self, family: str, package: str, attribute: str) -> None:
        self.family = family
        self.package = package
        self.attribute = attribute

    def names(self) -> tuple[str, ...]:
        """Return all names, sorted, importing none of the modules."""
        return tuple(sorted({*self._own(), *self._foreign()}))

    def get(self, name: str) -> Entry:
        """Import and return the entry of a name.

        Raises:
            RegistryError: there is no such name, or a third party takes one of the package's own.
            MissingExtraError: the entry needs an extra that is not installed.
        """
        own, foreign = self._own(), self._foreign()
        taken = own & foreign.keys()
        if taken:
            raise RegistryError(
                f"An installed package registers the {self.family} {min(taken)!r}, which is "
                "one of the toolkit's own; uninstall that package or rename its entry point."
            )
        if name in own:
            entry: Entry = getattr(require(f"{self.package}.{name}"), self.attribute)
            return entry
        if name in foreign:
            loaded: Entry = foreign[name].load()
            return loaded
        raise RegistryError(
            f"Unknown {self.family} {name!r}.{did_you_mean(name, self.names())} "
            f"Choose from: {', '.join(self.names())}."
        )

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, sorted."""
        return iter(self.names())

    def _own(self) -> set[str]:
        folder = Path(__file__).parents[1].joinpath(*self.package.split(".")[1:])
        stems = (module.name for module in pkgutil.iter_modules([str(folder)]))
        return {stem for stem in stems if not stem.startswith("_")}

    def _foreign(self) -> dict[str, Any]:
        return {point.name: point for point in entry_points(group=f"taxonomy.{self.family}")}


def lookup(family: str, table: dict[str, Entry], name: str) -> Entry:
    """Return one entry of a table, or raise an error with the nearest name.

    Raises:
        RegistryError: the table has no such name.
    """
    try:
        return table[name]
    except KeyError:
        shown = ", ".join(list(table)[:_SHOWN]) + ", …" * (len(table) > _SHOWN)
        raise RegistryError(
            f"Unknown {family} {name!r}.{did_you_mean(name, table)} Choose from: {shown}."
        ) from None


_SHOWN = 20
"""How many names an error lists; of more, the nearest one helps further than all of them."""
