"""Lazy registries: names without imports, imports on demand, errors that say what to type next."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any, Generic, TypeVar

from taxonomy._core.errors import MissingExtraError, RegistryError, did_you_mean

Entry = TypeVar("Entry")
Owners = Callable[[str], Iterable[str]]
"""Takes an option's name; returns the names of what has such an option."""

EXTRAS = {
    "datasets": "hub",
    "executorch": "executorch",
    "matplotlib": "plots",
    "nltk": "wordnet",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "ai_edge_litert": "tflite",
    "flatbuffers": "tflite",
    "fsspec": "store",
    "openai": "llm",
    "openvino": "openvino",
    "PIL": "train",
    "pooch": "train",
    "ray": "ray",
    "rdflib": "formats",
    "s3fs": "store",
    "safetensors": "train",
    "sentence_transformers": "embeddings",
    "starlette": "serve",
    "tensorboard": "tensorboard",
    "timm": "timm",
    "torch": "train",
    "torchmetrics": "metrics",
    "transformers": "embeddings",
    "uvicorn": "serve",
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


def lazy_names(
    package: str, homes: Mapping[str, str], rooms: tuple[str, ...] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package that loads its names when used.

    Args:
        package: the package's own name.
        homes: the module that each name comes from.
        rooms: modules of the package that are names themselves.
    """

    def load(name: str) -> Any:
        if name in rooms:
            return importlib.import_module(f"{package}.{name}")
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(homes[name]), name)

    def names() -> list[str]:
        private = {name for name in vars(sys.modules[package]) if name.startswith("_")}
        return sorted({*private, *homes, *rooms})

    return load, names


class Registry(Generic[Entry]):
    """Named classes of one family, each a frozen dataclass of options; imported when used.

    Third parties add names through the entry point group ``taxonomy.<family>``; such a name must
    not repeat one of the toolkit's own.

    Args:
        family: what is registered, for messages and the entry point group, such as ``"source"``.
        homes: where each name's class is, as ``"module:Class"``.
    """

    def __init__(self, family: str, homes: Mapping[str, str]) -> None:
        self.family = family
        self.homes = dict(homes)

    @property
    def classes(self) -> dict[str, str]:
        """The module of each of the toolkit's own classes, as `lazy_names` takes them."""
        pairs = (home.partition(":") for home in self.homes.values())
        return {name: module for module, _, name in pairs}

    def names(self) -> tuple[str, ...]:
        """Return all names, sorted, importing none of the classes."""
        return tuple(sorted({*self.homes, *registered(self.family)}))

    def name_of(self, entry: object) -> str:
        """Return the name under which an instance's class is registered; else the class's own."""
        cls = type(entry)
        home = f"{cls.__module__}:{cls.__qualname__}"
        points = {name: point.value for name, point in registered(self.family).items()}
        known = {**points, **self.homes}
        return next((name for name, where in known.items() if where == home), cls.__name__)

    def get(self, name: str) -> type[Entry]:
        """Import and return the class of a name.

        Raises:
            RegistryError: there is no such name, or a third party takes one of the toolkit's own.
            MissingExtraError: the class needs an extra that is not installed.
        """
        if not isinstance(name, str):
            raise RegistryError(
                f"The {self.family} is a {type(name).__name__}; give a name: "
                f"{', '.join(self.names())}."
            )
        foreign = registered(self.family)
        taken = self.homes.keys() & foreign.keys()
        if taken:
            raise RegistryError(
                f"An installed package registers the {self.family} {min(taken)!r}, which is "
                "one of the toolkit's own; uninstall that package or rename its entry point."
            )
        if name in self.homes:
            module, _, attribute = self.homes[name].partition(":")
            own: type[Entry] = getattr(require(module), attribute)
            return own
        if name in foreign:
            loaded: type[Entry] = foreign[name].load()
            return loaded
        raise RegistryError(
            f"Unknown {self.family} {name!r}.{did_you_mean(name, self.names())} "
            f"Choose from: {', '.join(self.names())}."
        )

    def having(self, option: str) -> tuple[str, ...]:
        """Return the names whose classes have an option, those left out that cannot be imported.

        >>> from taxonomy.builders import BUILDERS
        >>> BUILDERS.having("most_leaves"), BUILDERS.having("policy")
        (('cooccurrence', 'shaped'), ('hypernyms',))
        """
        found = []
        for name in self.names():
            with contextlib.suppress(MissingExtraError):
                cls: Any = self.get(name)
                if option in {field.name for field in dataclasses.fields(cls)}:
                    found.append(name)
        return tuple(found)

    def make(self, name: str, options: Mapping[str, Any]) -> Entry:
        """Return an instance of a name's class with the given options.

        Raises:
            RegistryError: there is no such name, or it has no such option.
            MissingExtraError: the class needs an extra that is not installed.
        """
        cls: Any = self.get(name)
        known = [field.name for field in dataclasses.fields(cls)]
        for option in options:
            if option not in known:
                raise RegistryError(
                    f"The {self.family} {name!r} has no option {option!r}."
                    f"{did_you_mean(option, known)} Its options: {', '.join(known) or 'none'}."
                )
        made: Entry = cls(**options)
        return made

    def resolve(self, given: Entry | str, options: Mapping[str, Any]) -> Entry:
        """Return an instance: of a name with options, or the instance given.

        Raises:
            RegistryError: as `make`, or there are options beside an instance.
        """
        if isinstance(given, str):
            return self.make(given, options)
        if options:
            raise RegistryError(
                f"{given!r} has its options already; give {', '.join(sorted(options))} to it."
            )
        return given

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, sorted."""
        return iter(self.names())


@cache  # looking through what is installed takes milliseconds
def registered(family: str) -> Mapping[str, EntryPoint]:
    """Return what other packages register in a family, by name."""
    return {point.name: point for point in entry_points(group=f"taxonomy.{family}")}


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


def owners(classes: Mapping[str, Any]) -> Owners:
    """Return what tells which of some classes of options, by name, have an option."""

    def having(option: str) -> list[str]:
        return [n for n, c in classes.items() if option in {f.name for f in dataclasses.fields(c)}]

    return having


def unknown_option(word: str, known: Iterable[str], choices: Mapping[str, Owners]) -> str:
    """Return what to say of an option that there is not: whose it is, or which one was meant.

    Args:
        word: what was given, such as ``--policy``.
        known: the options that there are.
        choices: what has the options of a choice, by the option that chooses; empty for a word.

    >>> from taxonomy.builders import BUILDERS
    >>> unknown_option("--policy", ["--source"], {"--builder": BUILDERS.having})
    '--policy is an option of --builder hypernyms'
    >>> unknown_option("sorce", ["source"], {"--builder": BUILDERS.having})
    "unknown argument sorce. Did you mean 'source'?"
    """
    option = word.removeprefix("--").replace("-", "_")
    for chooser, having in choices.items():
        if names := having(option):
            return f"{word} is an option of {' or '.join(f'{chooser} {n}'.strip() for n in names)}"
    return f"unknown argument {word}.{did_you_mean(word, known)}"


_SHOWN = 20
"""How many names an error lists; of more, the nearest one helps further than all of them."""
