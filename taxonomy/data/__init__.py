"""Data sets: pictures with targets, split and group; one file each.

>>> from taxonomy.data import get_data
>>> pictures = get_data("icons")
>>> pictures.part("test").images.shape[1:]
(4, 32, 32)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from taxonomy._core.checked import check_path
from taxonomy._core.errors import DataError
from taxonomy._core.registry import lazy_names
from taxonomy.data._datasets import DATASETS, Data
from taxonomy.data._matching import Matching, match
from taxonomy.data._pictures import Pictures
from taxonomy.data.preprocessing import Preprocessing
from taxonomy.data.request import DataRequest, check_resolution

if TYPE_CHECKING:
    from taxonomy.data.cifar10 import CIFAR10
    from taxonomy.data.cifar100 import CIFAR100
    from taxonomy.data.folder import ImageFolder
    from taxonomy.data.hub import HubDataset
    from taxonomy.data.icons import Icons, Icons600

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "DATASETS",
    "Data",
    "DataRequest",
    "HubDataset",
    "Icons",
    "Icons600",
    "ImageFolder",
    "Matching",
    "Pictures",
    "Preprocessing",
    "check_resolution",
    "dataset_class",
    "get_data",
    "match",
]


__getattr__, __dir__ = lazy_names(__name__, DATASETS.classes)


def dataset_class(name: str) -> type[Data]:
    """Return the class of the data set that a name means; of `ImageFolder` for a folder.

    Raises:
        RegistryError: there is no such data set and no such folder.
    """
    return DataRequest(name).dataset


def get_data(name: Path | str, resolution: int = 32, **options: Any) -> Pictures:
    """Return a data set by name, or read a folder of class folders.

    Args:
        name: a registered data set, or a folder.
        resolution: pixels a side.
        options: of the data set, as its class lists them.

    Raises:
        RegistryError: the name is neither registered nor a folder, or there is no such option.
        DataError: the folder cannot be read as pictures, or the set has another resolution.

    >>> get_data("icons", resolution=32).images.shape
    (15108, 4, 32, 32)
    """
    check_path(name, "the data set", DataError)
    return DataRequest(str(name), options).pictures(resolution)
