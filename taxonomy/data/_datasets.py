"""The table of data sets."""

from __future__ import annotations

from typing import Protocol

from taxonomy._core.registry import Registry
from taxonomy.data._pictures import Pictures


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
        "icons-600": "taxonomy.data.icons:Icons600",
    },
)
"""All data sets by name."""
