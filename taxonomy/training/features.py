"""Class features of a trained network, for the source ``visual``."""

from __future__ import annotations

import numpy as np
import torch

from taxonomy._core import io
from taxonomy._core.folders import SPLITS
from taxonomy.data import Pictures
from taxonomy.nets import HierarchicalNet
from taxonomy.nets.features import class_weights, shared_features
from taxonomy.nets.hierarchical import weights_digest
from taxonomy.nets.inputs import to_input
from taxonomy.predictions import ClassFeatures
from taxonomy.training.scoring import check_same_classes


def class_features(net: HierarchicalNet, part: Pictures, batch_size: int = 512) -> ClassFeatures:
    """Return the mean features of each class on pictures of one split, and weights if they compare.

    Args:
        net: a network in evaluation mode.
        part: pictures of one split.
        batch_size: pictures at once.

    Raises:
        TrainingError: the network has other classes than the data.
    """
    check_same_classes(net, part)
    device = next(net.parameters()).device
    sums = torch.zeros(len(net.classes), net.spec.trunk_width, dtype=torch.float64)
    for start in range(0, len(part), batch_size):
        rows = np.arange(start, min(start + batch_size, len(part)))
        images = torch.from_numpy(part.images[rows]).to(device)
        features = shared_features(net, to_input(images)).cpu().double()
        sums.index_add_(0, torch.from_numpy(part.targets[rows]), features)
    counts = np.bincount(part.targets, minlength=len(net.classes))
    weights = class_weights(net)
    made = io.provenance(
        "class_features",
        ("torch",),
        weights=weights_digest(net),
        tree=net.hierarchy.digest,
        spec=net.spec.digest,
        data=part.digest,
    )
    return ClassFeatures(
        net.classes,
        sums.numpy() / np.maximum(counts, 1)[:, None],
        counts,
        SPLITS[int(part.splits[0])],
        None if weights is None else weights.cpu().numpy(),
        made,
    )
