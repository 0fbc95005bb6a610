"""timm models as trunks; skipped where timm does not import."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from taxonomy._core.errors import MissingExtraError, SpecError
from taxonomy.design import Backbone, Bucket, Level, NetSpec, Stage, cost
from taxonomy.nets import build_net, extract, get_net, save_net
from taxonomy.nets.initialise import start_from
from taxonomy.trees.hierarchy import Hierarchy

TREE = Hierarchy.from_nested([["a", "b"], ["c", "d", "e"], "f"])


def test_costs_need_no_timm():
    """A backbone of 8 channels at 8x8, then a 3x3 stage of 4, then nodes of 5 at 4x4."""
    spec = NetSpec(
        (Stage(4, 0),), (Level((Bucket(5),), 0),), backbone=Backbone("x", 0, 8, 4, 1000, 7000)
    )
    whole = cost(spec, Hierarchy.from_nested([["a", "b"]]))
    assert whole.params == 1000 + (9 * 8 * 4 + 8) + (9 * 4 * 5 + 10) + 2 * (5 + 1)
    assert whole.macs == 7000 + 9 * 8 * 4 * 8**2 + 9 * 4 * 5 * 4**2 + 2 * 5
    assert NetSpec.from_dict(spec.to_dict()) == spec


def test_without_timm_building_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "timm", None)
    spec = NetSpec((), backbone=Backbone("resnet18", 0, 64, 2, 1, 1))
    with pytest.raises(MissingExtraError, match=r"taxonomy-experts\[timm\]"):
        build_net(spec, Hierarchy.star("ab"))


@pytest.fixture(scope="module")
def backbone():
    pytest.importorskip("timm", exc_type=(ImportError, RuntimeError))
    from taxonomy.nets.backbone import timm_backbone

    return timm_backbone


@pytest.mark.parametrize(("name", "stage"), [("resnet18", 1), ("convnextv2_atto", 0)])
def test_a_network_behind_a_timm_model_costs_and_cuts_like_any_other(
    backbone, name, stage, tmp_path
):
    spec = NetSpec(
        (Stage(16, 1),),
        (Level((Bucket(8),), 1),),
        backbone=backbone(name, stage, 64),
        resolution=64,
    )
    net, closed = build_net(spec, TREE, 0).eval(), cost(spec, TREE)
    assert sum(p.numel() for p in net.parameters()) == closed.params
    x = torch.randn(2, 3, 64, 64)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(x[:1])
    assert counter.get_total_flops() == 2 * closed.macs
    expert = extract(net, ["a", "d"])
    torch.testing.assert_close(expert(x), net(x)[:, TREE.positions(expert.classes)])
    save_net(tmp_path / "net.safetensors", net)
    assert torch.equal(get_net(tmp_path / "net.safetensors")(x), net(x))
    other = build_net(spec, TREE, 1).eval()
    start_from(other, net)
    assert torch.equal(other(x), net(x))


def test_the_model_sees_pictures_as_its_weights_were_trained_on_them(backbone):
    """Normalised by the model's own mean and deviation, not inverted as our networks read them."""
    from taxonomy.nets.inputs import to_input

    spec = NetSpec((), backbone=backbone("resnet18", 0, 32))
    first = build_net(spec, Hierarchy.star("ab"), 0).eval().trunk[0]
    pictures = torch.randint(256, (2, 3, 32, 32), dtype=torch.uint8)
    mean, std = (
        torch.tensor(first.model.pretrained_cfg[k])[:, None, None] for k in ("mean", "std")
    )
    expected = first.model((pictures / 255 - mean) / std)[0]
    torch.testing.assert_close(first(to_input(pictures)), expected, rtol=1e-4, atol=1e-4)


def test_unknown_models_and_stages_are_refused(backbone):
    with pytest.raises(SpecError, match="list_models"):
        backbone("resnet18x", 1, 64)
    with pytest.raises(SpecError, match="stage 9"):
        backbone("resnet18", 9, 64)
