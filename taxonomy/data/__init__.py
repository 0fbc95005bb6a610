"""Data sets: pictures with targets, split and group; one file each.

>>> from taxonomy.data import get_data
>>> pictures = get_data("icons")
>>> pictures.part("test").images.shape[1:]
(4, 32, 32)
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from taxonomy._registry import Registry
from taxonomy.data._pictures import Pictures

__all__ = ["DATASETS", "Data", "Pictures", "get_data"]


class Data(Protocol):
    """What every data set is: a frozen dataclass of options, called without arguments."""

    def __call__(self) -> Pictures:
        """Load the pictures."""
        ...


DATASETS: Registry[type[Data]] = Registry("dataset", "taxonomy.data", "Data")
"""All data sets by name."""


def get_data(name: Path | str, resolution: int = 32) -> Pictures:
    """Return a data set by its registered name, or read a folder of class folders.

    Raises:
        RegistryError: the name is neither registered nor a folder.
        DataError: the folder cannot be read as pictures.
    """
    if Path(name).is_dir() and str(name) not in DATASETS.names():
        from taxonomy.data import folder

        return folder.Data(str(name), resolution)()
    return DATASETS.get(str(name))()()
