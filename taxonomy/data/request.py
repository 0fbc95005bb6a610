"""`DataRequest`: which pictures are asked for, as a record that can be kept and read again."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from taxonomy._core import io
from taxonomy._core.errors import DataError, RegistryError, did_you_mean, shown
from taxonomy._core.spelling import respelled
from taxonomy.data._datasets import DATASETS, Data
from taxonomy.data._matching import Matching, match, spelled_as
from taxonomy.data._pictures import Pictures
from taxonomy.labels import check_classes
from taxonomy.trees.hierarchy import Hierarchy


@dataclass(frozen=True)
class DataRequest:
    """Which pictures are asked for: a data set, its options, and what to do with its classes.

    It holds words and numbers only, so a run keeps it beside its results and reads the same
    pictures again.

    Args:
        data: a registered data set, or a folder of class folders. A text with a slash is a folder
            even if there is none.
        options: of the data set, such as ``{"held_out": 0.2}``; its defaults for the others. The
            resolution is not among them: it is the network's.
        classes: the only classes wanted; empty for all.
        matching: what to do where the data and a tree differ in classes.

    Raises:
        DataError: there is a resolution among the options.

    >>> asked = DataRequest("icons", classes=("cat", "dog"))
    >>> asked.pictures(32).classes
    ('cat', 'dog')
    >>> asked.to_dict()
    {'data': 'icons', 'classes': ['cat', 'dog']}
    >>> DataRequest.from_dict(asked.to_dict()) == asked
    True
    """

    data: str
    options: Mapping[str, io.Json] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    matching: Matching = field(default_factory=Matching)

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", os.fspath(self.data))
        object.__setattr__(self, "options", MappingProxyType(dict(self.options)))
        object.__setattr__(self, "classes", tuple(self.classes))
        if "resolution" in self.options:
            raise DataError(
                "The pictures' resolution is the network's; leave it out of the `options`."
            )

    def __hash__(self) -> int:
        """Hash by content."""
        return hash(io.canonical_json(self.to_dict()))

    @property
    def is_folder(self) -> bool:
        """Whether the data is a folder of class folders, not a registered data set."""
        slashes = {"/", os.sep}
        return self.data not in DATASETS.names() and (
            any(slash in self.data for slash in slashes) or Path(self.data).is_dir()
        )

    @property
    def dataset(self) -> type[Data]:
        """The class of the data set; `ImageFolder` for a folder.

        Raises:
            RegistryError: there is no such data set and no such folder.
            MissingExtraError: it needs an extra that is not installed.
        """
        if self.is_folder:
            return DATASETS.get("folder")
        if self.data not in (known := DATASETS.names()):
            raise RegistryError(
                f"`data` is {shown(self.data)}.{did_you_mean(self.data, known)} Choose from: "
                f"{', '.join(known)}; or give a folder of class folders: none here has that name."
            )
        return DATASETS.get(self.data)

    def pictures(self, resolution: int) -> Pictures:
        """Read the pictures of the classes wanted.

        Args:
            resolution: pixels a side.

        Raises:
            RegistryError: there is no such data set, or it has no such option.
            DataError: it cannot be read, or its pictures have another resolution.
            LabelError: a class that is wanted is not there.
        """
        return _only(self._all(resolution), self.classes)

    def matched(self, tree: Hierarchy, resolution: int) -> tuple[Pictures, Hierarchy]:
        """Read the pictures and bring them and a tree to the same classes.

        Args:
            tree: over the classes of the data, more or less; where classes are wanted, those
                alone are left of it.
            resolution: pixels a side.

        Returns:
            The pictures, and the tree with their classes as its leaves.

        Raises:
            RegistryError: there is no such data set, or it has no such option.
            DataError: it cannot be read, or data and tree differ and `matching` refuses.
            LabelError: a class that is wanted is not there.
        """
        pictures = spelled_as(self._all(resolution), tree)
        if self.classes:
            pictures = _only(pictures, self.classes)
            wanted = set(pictures.classes)
            tree = tree.restrict([name for name in tree.leaves if name in wanted])
        return match(pictures, tree, self.matching)

    def _all(self, resolution: int) -> Pictures:
        given, name = dict(self.options), self.data
        if self.is_folder:
            given["root"], name = self.data, "folder"
        kind: Any = self.dataset
        if "resolution" in {f.name for f in dataclasses.fields(kind)}:
            given["resolution"] = resolution
        return check_resolution(DATASETS.make(name, given)(), resolution, self.data)

    def to_dict(self) -> dict[str, io.Json]:
        """Return the request as JSON values, without what is left at its default."""
        policy = {f.name: getattr(self.matching, f.name) for f in dataclasses.fields(Matching)}
        usual = {f.name: f.default for f in dataclasses.fields(Matching)}
        content = {
            "data": self.data,
            "options": dict(self.options),
            "classes": list(self.classes),
            "matching": {key: value for key, value in policy.items() if value != usual[key]},
        }
        return {key: value for key, value in content.items() if value}

    @classmethod
    def from_dict(cls, content: Mapping[str, io.Json]) -> DataRequest:
        """Return the request that `to_dict` gave.

        Raises:
            DataError: an unknown or missing key, or a value of another kind.
        """
        _check(content, {"data": str, "options": Mapping, "classes": list, "matching": Mapping}, "")
        if "data" not in content:
            raise DataError("The request for pictures does not say which `data`.")
        policy = content.get("matching", {})
        _check(policy, {f.name: str for f in dataclasses.fields(Matching)}, "matching.")
        classes = content.get("classes", [])
        if not all(isinstance(name, str) for name in classes):
            raise DataError("In the request for pictures, `classes` are not all texts.")
        return cls(content["data"], content.get("options", {}), tuple(classes), Matching(**policy))


def _check(content: Any, kinds: Mapping[str, type], place: str) -> None:
    where = f"In the request for pictures, `{place.rstrip('.')}`" if place else "The request"
    if not isinstance(content, Mapping):
        raise DataError(f"{where} is no mapping.")
    for key, value in content.items():
        if key not in kinds:
            near = did_you_mean(str(key), kinds)
            raise DataError(f"{where} has no key {str(key)[:60]!r}.{near}")
        if not isinstance(value, kinds[key]):
            raise DataError(
                f"In the request for pictures, `{place}{key}` is {str(value)[:60]!r}, "
                f"no {_KINDS[kinds[key]]}."
            )


_KINDS: dict[Any, str] = {str: "text", list: "list", Mapping: "mapping"}


def _only(pictures: Pictures, classes: Iterable[str]) -> Pictures:
    if not (wanted := respelled(classes, pictures.classes)):
        return pictures
    kept = check_classes(wanted, pictures.classes)
    return pictures if kept == pictures.classes else pictures.restrict(kept)


def check_resolution(pictures: Pictures, resolution: int, name: str) -> Pictures:
    """Return the pictures, if their sides are of the resolution.

    Raises:
        DataError: they are of another one.
    """
    side = pictures.images.shape[-1]
    if side != resolution:
        raise DataError(
            f"The pictures of {name!r} have {side} pixels a side and the network takes "
            f"{resolution}; have it take {side} (`resolution={side}`)."
        )
    return pictures
