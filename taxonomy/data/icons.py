"""The shipped icons: 212 or 600 kinds of things, drawn by many independent design teams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from taxonomy._core import io, shipped
from taxonomy.data._pictures import Pictures

_Arrays = Mapping[str, np.ndarray]
_NEEDED = ("images", "label", "classes", "designer", "designers", "split")


@dataclass(frozen=True)
class Icons:
    """32x32 RGBA renderings, split by designer: no design team is on two sides."""

    def __call__(self) -> Pictures:
        """Load and verify the shipped file.

        Raises:
            FileFormatError: the file is missing or altered.
        """
        return _pictures(_load("icons"))


@dataclass(frozen=True)
class Icons600:
    """The icons' classes and 388 more, one picture a set of icons, split by the same designers.

    Pictures have 16 values a channel, whether of the icons' classes or not.
    """

    def __call__(self) -> Pictures:
        """Load and verify the shipped files.

        Raises:
            FileFormatError: a file is missing or altered.
        """
        return _pictures(together(_load("icons"), _load("icons-600")))


def coarse(images: np.ndarray) -> np.ndarray:
    """Return pictures with 16 values a channel, 0, 17 … 255: each byte's nearest.

    Args:
        images: uint8 of any shape.

    >>> coarse(np.array([0, 8, 9, 128, 255], np.uint8)).tolist()
    [0, 0, 17, 136, 255]
    """
    return ((images.astype(np.uint16) + 8) // 17 * 17).astype(np.uint8)


def together(icons: _Arrays, more: _Arrays) -> dict[str, np.ndarray]:
    """Return the arrays of the larger set: some rows of the icons, and its own pictures.

    Rows are in the order split, class, and then the icons' before others.

    Args:
        icons: the arrays of ``icons/icons.npz``.
        more: those of ``icons-600/icons.npz``; ``icons`` are the rows of the first that belong to
            it, ``classes`` the ids of all its classes.
    """
    rows = more["icons"]
    first = {name: icons[name][rows] for name in ("label", "split", "designer", "set", "name")}
    found: dict[str, np.ndarray] = {"classes": more["classes"]}
    found["images"] = np.concatenate([coarse(icons["images"][rows]), more["images"]])
    for column in ("split", "name"):
        found[column] = np.concatenate([first[column], more[column]])
    for column, names in (("label", "classes"), ("designer", "designers"), ("set", "sets")):
        words = np.concatenate([icons[names][first[column]], more[names][more[column]]])
        found.setdefault(names, np.unique(words))
        found[column] = np.searchsorted(found[names], words).astype(np.int16)
    order = np.lexsort((found["label"], found["split"]))
    for column in ("images", "label", "split", "designer", "set", "name"):
        found[column] = found[column][order]
    return found


def _load(name: str) -> dict[str, np.ndarray]:
    return io.load_npz(shipped.path(f"{name}/icons.npz", verify=True), *_NEEDED)


def _pictures(arrays: _Arrays) -> Pictures:
    return Pictures(
        images=arrays["images"],
        targets=arrays["label"].astype(np.int64),
        classes=tuple(str(name) for name in arrays["classes"]),
        splits=arrays["split"],
        groups=arrays["designers"][arrays["designer"]],
    )
