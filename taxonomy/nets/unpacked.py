"""The same network run one module per node: the plain way, kept to check and to time the packed."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from taxonomy.design.costs import read_widths
from taxonomy.nets.hierarchical import HierarchicalNet, unpacked_state
from taxonomy.nets.layers import cell_mean
from taxonomy.nets.trunk import ResidualStage, build_trunk


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
        read = read_widths(spec, tree, widths)
        self.spec = spec
        self.parent = tree.parent.tolist()
        self.trunk = build_trunk(spec)
        self.branches = nn.ModuleDict()
        for node in tree.nodes[1:].tolist():
            level = spec.levels[int(tree.depth[node]) - 1]
            stage = ResidualStage(
                *(level.block, int(read[node]), int(widths[node]), level.depth, level.stride),
                opening=level.opening,
            )
            parts: dict[str, nn.Module] = {"stage": stage}
            if spec.nesting == "gate":
                parts["gate"] = nn.Linear(int(widths[self.parent[node]]), 1)
            self.branches[str(node)] = nn.ModuleDict(parts)
        self.leaves = nn.ModuleDict(
            {str(leaf): nn.Linear(int(widths[self.parent[leaf]]), 1) for leaf in tree.leaf_entries}
        )
        self._copy(unpacked_state(net))
        self.to(next(net.parameters()).dtype).train(net.training)

    def forward(self, x: Tensor) -> Tensor:
        """Map pictures (B, channels, side, side) to logits (B, classes)."""
        maps = {0: self.trunk(x)}
        for name, branch in self.branches.items():
            node = int(name)
            above = self.parent[node]
            output = branch["stage"](self._read(maps, above))  # type: ignore[index]
            if self.spec.nesting == "gate":
                gate = branch["gate"](cell_mean(maps[above]))  # type: ignore[index]
                output = output * (2 * gate.sigmoid())[:, :, None, None]
            maps[node] = output
        pooled = {node: cell_mean(output) for node, output in maps.items()}
        logits = [
            self._logit(head, pooled[self.parent[int(leaf)]]) for leaf, head in self.leaves.items()
        ]
        return torch.cat(logits, 1)

    def _read(self, maps: dict[int, Tensor], parent: int) -> Tensor:
        if self.spec.nesting != "ancestors":
            return maps[parent]
        size = maps[parent].shape[-1]
        parts = []
        while parent >= 0:
            parts.append(nn.functional.adaptive_avg_pool2d(maps[parent], size))
            parent = self.parent[parent]
        return torch.cat(parts[::-1], 1)

    def _logit(self, head: nn.Module, pooled: Tensor) -> Tensor:
        if self.spec.head == "linear":
            logit: Tensor = head(pooled)
            return logit
        weight, scale = head.get_parameter("weight"), head.get_parameter("bias").exp()
        return nn.functional.cosine_similarity(pooled, weight, dim=1)[:, None] * scale

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
