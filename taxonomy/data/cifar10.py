"""CIFAR-10 from its official binary archive: ten classes, 60,000 pictures of 32 pixels."""

from __future__ import annotations

from dataclasses import dataclass

from taxonomy.data._cifar import Archive, Reader


@dataclass(frozen=True)
class CIFAR10(Reader):
    """CIFAR-10 (Krizhevsky 2009), read from ``cifar-10-binary.tar.gz``.

    The test split is the official one. Of each class's training pictures a share is held out for
    validation: the first ones in the order of sha256("split_seed/number of the record").
    """

    url: str = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
    md5: str = "c32a1d4ab5d03f1284b67883e8d87530"

    ARCHIVE = Archive(
        file="cifar-10-binary.tar.gz",
        folder="cifar-10-batches-bin",
        train=tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
        test=("test_batch.bin",),
        names="batches.meta.txt",
        superclasses="",
        labels=1,
    )
