"""A base family is one record and one torch module: a new one needs nothing else."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from taxonomy.design import FAMILIES, Block, Family, NetSpec, cost
from taxonomy.design.families import BlockCost
from taxonomy.nets import build_net, extract
from taxonomy.nets.layers import ConvNorm, Fan
from taxonomy.trees.hierarchy import Hierarchy

TREE = Hierarchy.from_nested([["a", "b"], ["c", "d", "e"], "f"])


class PointwiseBlock(nn.Module):
    """One 1x1 convolution beside an identity."""

    def __init__(self, width: int, nodes: int) -> None:
        super().__init__()
        self.mix = ConvNorm(width, width, 1, 1, (Fan(nodes, 1),))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.mix(x).tanh()


POINTWISE = Family(
    name="pointwise",
    module="tests.nets.test_trunk:PointwiseBlock",
    options=(),
    opening=lambda stride: 5,
    opening_relu=True,
    cost=lambda width: BlockCost(width * width + 2 * width, width * width, 0),
    alive=lambda width: 3 * width,
)


@pytest.fixture
def spec(monkeypatch):
    monkeypatch.setitem(FAMILIES, "pointwise", POINTWISE)
    levels, trunk = ((6, 2),), ((4, 0), (8, 1))
    return NetSpec.tree(levels, trunk=trunk, block=Block("pointwise"), resolution=16)


def test_a_new_record_is_built_costed_and_cut(spec):
    net = build_net(spec, TREE, seed=0).eval()
    x = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    expert = extract(net, ["a", "d"])
    torch.testing.assert_close(expert(x), net(x)[:, TREE.positions(["a", "d"])])
    for part, classes in ((net, None), (expert, ["a", "d"])):
        closed = cost(spec, TREE, classes)
        assert sum(p.numel() for p in part.parameters()) == closed.params
        with FlopCounterMode(display=False) as counter:
            part(x[:1])
        assert counter.get_total_flops() == 2 * closed.macs


def test_a_new_record_is_read_from_files(spec, tmp_path):
    spec.save(tmp_path / "spec.json")
    assert NetSpec.load(tmp_path / "spec.json") == spec
