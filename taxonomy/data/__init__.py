"""Data sets: pictures with targets, split and group; one file each.

>>> from taxonomy.data import get_data
>>> pictures = get_data("icons")
>>> pictures.part("test").images.shape[1:]
(4, 32, 32)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from taxonomy._core.errors import DataError
from taxonomy._core.registry import Registry, lazy_names
from taxonomy.data._matching import Matching, match
from taxonomy.data._pictures import Pictures

if TYPE_CHECKING:
    from taxonomy.data.cifar10 import CIFAR10
    from taxonomy.data.cifar100 import CIFAR100
    from taxonomy.data.folder import ImageFolder
    from taxonomy.data.hub import HubDataset
    from taxonomy.data.icons import Icons

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "DATASETS",
    "Data",
    "HubDataset",
    "Icons",
    "ImageFolder",
    "Matching",
    "Pictures",
    "check_resolution",
    "get_data",
    "match",
]


class Data(Protocol):
    """What every data set is: a frozen dataclass of options, called without arguments."""

    def __call__(self) -> Pictures:
        """Load the pictures."""
        ...


DATASETS: Registry[Data] = Registry(
    "dataset",
    {
        "cifar10": "taxonomy.data.cifar10:CIFAR10",
        "cifar100": "taxonomy.data.cifar100:CIFAR100",
        "folder": "taxonomy.data.folder:ImageFolder",
        "hub": "taxonomy.data.hub:HubDataset",
        "icons": "taxonomy.data.icons:Icons",
    },
)
"""All data sets by name."""

__getattr__, __dir__ = lazy_names(__name__, DATASETS.classes)


def get_data(name: Path | str, resolution: int = 32) -> Pictures:
    """Return a data set with its default options, or read a folder of class folders.

    For options, call the data set's own class: ``CIFAR100(archive=…)()``.

    Raises:
        RegistryError: the name is neither registered nor a folder.
        DataError: the folder cannot be read as pictures, or the set has another resolution.
    """
    if str(name) not in DATASETS.names() and Path(name).is_dir():
        from taxonomy.data.folder import ImageFolder

        return ImageFolder(str(name), resolution)()
    return check_resolution(DATASETS.get(str(name))()(), resolution, str(name))


def check_resolution(pictures: Pictures, resolution: int, name: str) -> Pictures:
    """Return the pictures, if their sides are of the resolution.

    Raises:
        DataError: they are of another one.
    """
    side = pictures.images.shape[-1]
    if side != resolution:
        raise DataError(
            f"The pictures of {name!r} have {side} pixels a side and the network takes "
            f"{resolution}; give it a specification with the resolution {side} (--spec FILE)."
        )
    return pictures
