"""From any pictures to classes with probabilities, by a network's own preprocessing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from taxonomy._core.errors import DataError
from taxonomy.data import Pictures, Preprocessing
from taxonomy.data.preprocessing import picture_files
from taxonomy.nets.classified import Classified
from taxonomy.nets.hierarchical import HierarchicalNet, evaluating
from taxonomy.nets.inputs import to_input
from taxonomy.nets.widths import net_at

Squares = npt.NDArray[np.uint8]


@torch.no_grad()
def predict(
    net: HierarchicalNet | Path | str,
    pictures: Any,
    *,
    width: float = 1.0,
    batch_size: int = 256,
) -> Classified:
    """Return a network's classes for some pictures, with probabilities, coarse to fine.

    Pictures are prepared by the network's own preprocessing (`HierarchicalNet.preprocessing`), as
    they were in its training.

    Args:
        net: a trained network, an expert, a run's folder, a file, or a name such as ``icons/tree``.
        pictures: a picture's file, a folder of pictures (those in folders inside it too), a Pillow
            picture, an array of bytes (see `Preprocessing.squares`), a split of a data set, or
            several files, folders or Pillow pictures.
        width: share of the channels that is kept, one of those that the network was trained at.
        batch_size: pictures at once.

    Raises:
        DataError: there is no such picture, one cannot be read, or the network reads no pictures.
        FileFormatError: there is no such network, or it is damaged.
        SpecError: the network was not trained at that width.
        MissingExtraError: pictures are in files, and Pillow is not installed.

    >>> from taxonomy.data import get_data
    >>> answers = predict("icons/tree", get_data("icons").part("val").images[7:8])
    >>> answers.best(0, top=1)[0].name
    'airplane'
    """
    net = net_at(net, width)
    if net.spec.channels != len(net.preprocessing.channels):
        raise DataError(f"The network reads {net.spec.channels} channels, which no picture has.")
    device = next(net.parameters()).device
    names: list[str] = []
    logits = [np.empty((0, len(net.classes)))]
    with evaluating(net):
        for called, squares in _squares(pictures, net.preprocessing, batch_size):
            names += called
            images = torch.from_numpy(np.ascontiguousarray(squares)).to(device)
            logits.append(net(to_input(images)).float().cpu().numpy())
    return Classified(names, net.hierarchy, np.concatenate(logits))


def _squares(
    pictures: Any, preprocessing: Preprocessing, size: int
) -> Iterator[tuple[list[str], Squares]]:
    """Yield names and prepared pictures, at most ``size`` at a time."""
    if isinstance(pictures, Pictures):
        pictures = pictures.images
    if hasattr(pictures, "__array__") and not hasattr(pictures, "getexif"):
        number = 0
        for start in range(0, len(pictures), size) if pictures.ndim == 4 else (None,):
            part = pictures if start is None else pictures[start : start + size]
            squares = preprocessing.squares(np.asarray(part))
            yield [str(number + i) for i in range(len(squares))], squares
            number += len(squares)
        return
    if isinstance(pictures, str | Path) or not isinstance(pictures, Iterable):
        pictures = [pictures]
    files: list[Path] = []
    for number, given in enumerate(pictures):
        if not isinstance(given, str | Path):
            squares = preprocessing.squares(given)
            yield [str(number)] * len(squares), squares
            continue
        for path in picture_files(given):
            files.append(path)
            if len(files) == size:
                yield _read(files, preprocessing)
                files = []
    if files:
        yield _read(files, preprocessing)


def _read(files: list[Path], preprocessing: Preprocessing) -> tuple[list[str], Squares]:
    return [str(path) for path in files], np.stack([preprocessing.picture(path) for path in files])
