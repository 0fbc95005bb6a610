"""Logits of a trained network on the pictures of a split."""

from __future__ import annotations

import numpy as np
import torch

from taxonomy._core import io
from taxonomy._core.errors import TrainingError
from taxonomy._core.folders import SPLITS
from taxonomy.data import Pictures
from taxonomy.nets import HierarchicalNet
from taxonomy.nets.hierarchical import evaluating
from taxonomy.nets.inputs import to_input
from taxonomy.predictions import Predictions
from taxonomy.training import distribution


def check_same_classes(net: HierarchicalNet, data: Pictures, what: str = "network") -> None:
    """Check that network and data have the same classes.

    Raises:
        TrainingError: they do not.
    """
    if net.classes != data.classes:
        raise TrainingError(
            f"The {what} has {len(net.classes)} classes and the data {len(data.classes)}, or they "
            "differ in name; build the hierarchy from the data's own labels."
        )


@torch.no_grad()
def predictions_on(net: HierarchicalNet, part: Pictures, batch_size: int = 512) -> Predictions:
    """Return a network's float32 logits on pictures of one split; the network ends as it was.

    Several processes share the pictures, and each gets all logits.

    Raises:
        TrainingError: the network has other classes than the data.
    """
    check_same_classes(net, part)
    device = next(net.parameters()).device
    mine = np.arange(len(part))[distribution.rank() :: distribution.world_size()]
    logits = torch.empty(len(mine), len(net.classes))
    with evaluating(net):
        for start in range(0, len(mine), batch_size):
            rows = mine[start : start + batch_size]
            images = torch.from_numpy(part.images[rows]).to(device)
            logits[start : start + len(rows)] = net(to_input(images)).float().cpu()
    split = SPLITS[int(part.splits[0])]
    made = io.provenance("predict", ("torch",), tree=net.hierarchy.digest, spec=net.spec.digest)
    whole = distribution.gather_rows(logits, len(part)).numpy()
    return Predictions(net.classes, whole, part.targets, split, part.groups, made)
