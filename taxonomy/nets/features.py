"""Arrays of a network that sources of similarities read: features and weights of its classes."""

from __future__ import annotations

import torch
from torch import Tensor

from taxonomy.nets.hierarchical import HierarchicalNet


@torch.inference_mode()
def shared_features(net: HierarchicalNet, x: Tensor, cells: int = 1) -> Tensor:
    """Map pictures (B, channels, resolution, resolution) to features (B, channels of the trunk).

    They are the average of the trunk's map, the last one that all classes read. Of a flat network
    that is what its heads read; of a tree network it is early features.

    Args:
        net: a network.
        x: pictures, as its input.
        cells: averages a side; features are (B, channels * cells * cells).
    """
    made = net.trunk(x)
    features: Tensor
    if cells == 1:
        features = made.mean((2, 3))
    else:
        features = torch.nn.functional.adaptive_avg_pool2d(made, cells).flatten(1)
    return features


def class_weights(net: HierarchicalNet) -> Tensor | None:
    """Return the heads' weights, one row a class in the order of the logits, or None.

    None where heads read different nodes' maps, so that their weights do not compare.
    """
    if len(net.hierarchy.nodes) > 1:
        return None
    (head,) = net.heads.values()
    weight = head.get_parameter("weight").detach()
    return weight.index_select(0, net.order)
