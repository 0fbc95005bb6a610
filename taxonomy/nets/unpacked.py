"""The same network run one module per node: the plain way, kept to check and to time the packed."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from taxonomy.nets.hierarchical import HierarchicalNet, unpacked_state
from taxonomy.nets.trunk import STAGES, build_trunk


class UnpackedNet(nn.Module):
    """A hierarchical network as a loop over nodes and leaves, with a copy of another's weights.

    It answers exactly what the packed network answers, up to rounding, and is slower by the
    number of nodes.

    Args:
        net: the packed network to copy.
    """

    def __init__(self, net: HierarchicalNet) -> None:
        super().__init__()
        tree, spec = net.hierarchy, net.spec
        widths = spec.widths(tree)
        self.parent = tree.parent.tolist()
        self.trunk = build_trunk(spec)
        self.branches = nn.ModuleDict()
        for node in tree.nodes[1:].tolist():
            level = spec.levels[int(tree.depth[node]) - 1]
            width_in, width = int(widths[self.parent[node]]), int(widths[node])
            self.branches[str(node)] = STAGES[spec.family](
                width_in, width, level.depth, level.stride
            )
        self.leaves = nn.ModuleDict(
            {str(leaf): nn.Linear(int(widths[self.parent[leaf]]), 1) for leaf in tree.leaf_entries}
        )
        self._copy(unpacked_state(net))
        self.to(next(net.parameters()).dtype).train(net.training)

    def forward(self, x: Tensor) -> Tensor:
        """Map pictures (B, channels, side, side) to logits (B, classes)."""
        maps = {0: self.trunk(x)}
        for node, branch in self.branches.items():
            maps[int(node)] = branch(maps[self.parent[int(node)]])
        pooled = {node: made.mean((2, 3)) for node, made in maps.items()}
        logits = [head(pooled[self.parent[int(leaf)]]) for leaf, head in self.leaves.items()]
        return torch.cat(logits, 1)

    def _copy(self, state: dict[str, Tensor]) -> None:
        places = {"trunk": self.trunk, "node": self.branches, "leaf": self.leaves}
        targets = {
            f"{kind}.{name}": tensor
            for kind, module in places.items()
            for name, tensor in module.state_dict().items()
        }
        with torch.no_grad():
            for name, tensor in state.items():
                targets[name].copy_(tensor.reshape(targets[name].shape))
