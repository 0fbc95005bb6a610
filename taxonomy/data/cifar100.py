"""CIFAR-100 from its official binary archive: a hundred classes in twenty superclasses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taxonomy._core import io
from taxonomy._core.errors import DataError
from taxonomy.data._cifar import Archive, Reader
from taxonomy.trees.hierarchy import Hierarchy


@dataclass(frozen=True)
class CIFAR100(Reader):
    """CIFAR-100 (Krizhevsky 2009), read from ``cifar-100-binary.tar.gz``.

    The test split is the official one. Of each class's training pictures a share is held out for
    validation: the first ones in the order of sha256("split_seed/number of the record").
    """

    url: str = "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"
    md5: str = "03b5dce01913d631647c71ecec9e9cb8"

    ARCHIVE = Archive(
        file="cifar-100-binary.tar.gz",
        folder="cifar-100-binary",
        train=("train.bin",),
        test=("test.bin",),
        names="fine_label_names.txt",
        superclasses="coarse_label_names.txt",
        labels=2,
    )

    def superclasses(self) -> Hierarchy:
        """Return the published superclasses as a tree, read off the training records.

        Raises:
            DataError: as on a call; or a class's records name two superclasses.
        """
        records = self.records()
        pairs = np.unique(records.train[:, :2], axis=0)
        if len(np.unique(pairs[:, 1])) < len(pairs):
            raise DataError(f"A class of {self.ARCHIVE.file} is in two superclasses.")
        leaves: dict[str, list[str]] = {}
        for group, class_ in pairs:
            leaves.setdefault(records.superclasses[group], []).append(records.names[class_])
        nested = {"children": [{"name": n, "leaves": below} for n, below in leaves.items()]}
        return Hierarchy.from_nested(nested, io.provenance("cifar100.superclasses", md5=self.md5))
