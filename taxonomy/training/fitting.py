"""What fits the pictures there are: sizes of batches, and a word where little can be learnt."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from taxonomy.data import DataRequest, Pictures
from taxonomy.data.folder import ImageFolder
from taxonomy.training.config import TrainConfig

log = logging.getLogger(__name__)

STEPS_AN_EPOCH, LEAST_BATCH = 24, 8
"""Where no batch size is given it is halved from the usual one until an epoch has so many steps,
but not below so many pictures."""

FEW_STEPS = 300
"""Fewer steps than this hardly train a network from scratch: 40 classes of 60 pictures, trained
for 15 epochs in batches of 64, reach 60 %, and started from a trained network 78 %."""

FEW_PICTURES = 20
"""With fewer training pictures a class is hardly learnt from scratch."""


def batch_size_for(count: int, most: int = 64) -> int:
    """Return a batch size for so many training pictures: the usual one, or less for few.

    Args:
        count: training pictures.
        most: the batch size where there are enough.

    >>> [batch_size_for(count) for count in (10_000, 1_536, 1_500, 400, 20)]
    [64, 64, 32, 16, 8]
    """
    size = most
    while size > LEAST_BATCH and count < STEPS_AN_EPOCH * size:
        size //= 2
    return max(2, size)


def tell_resolution(request: DataRequest | Pictures, resolution: int) -> None:
    """Say where pictures of a folder lose much of their size, as is easily overlooked.

    Args:
        request: which pictures are trained on.
        resolution: pixels on a side that the network reads.
    """
    if isinstance(request, Pictures) or not request.is_folder or not Path(request.data).is_dir():
        return
    side = ImageFolder(request.data).typical_side()
    if side >= 1.5 * resolution:
        log.warning(
            "%s: pictures of typically %d pixels a side are read at %d; `resolution=%d` keeps more "
            "of them and takes four times the MACs.",
            *(request.data, side, resolution, 2 * resolution),
        )


def warn_of_little(config: TrainConfig, part: Pictures, init_from: object) -> None:
    """Say where there are too few steps, or too few pictures of a class, and what helps.

    Args:
        config: says how long, and in which batches.
        part: the training pictures.
        init_from: a trained network that it starts from; None where it starts from scratch.
    """
    if init_from is not None:
        return
    count = len(part)
    steps = config.epochs * max(1, count // config.batch_size)
    of_class = np.bincount(part.targets, minlength=len(part.classes))
    if steps < FEW_STEPS:
        log.warning(
            "%d pictures in batches of %d make %d steps (epochs: %d), too few to train a network "
            "from scratch. Start from a trained one (`init_from='icons/tree'`), train longer "
            "(`epochs`), or in smaller batches (`batch_size`).",
            *(count, config.batch_size, steps, config.epochs),
        )
    elif (least := int(of_class.min())) < FEW_PICTURES:
        log.warning(
            "The class %r has %d training pictures, and %d classes have fewer than %d, too few to "
            "learn them from scratch. Start from a trained network (`init_from='icons/tree'`), or "
            "add pictures.",
            *(part.classes[int(of_class.argmin())], least),
            *(int((of_class < FEW_PICTURES).sum()), FEW_PICTURES),
        )
