"""A network trained at several widths: reproducible, continued exactly, cut as it was trained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from taxonomy._core.errors import TrainingError
from taxonomy.design import NetSpec, cost
from taxonomy.nets import build_net, extract
from taxonomy.nets.widths import Slimmable
from taxonomy.training import Objective, TrainConfig, fit, predictions_on, train_run
from taxonomy.training.augment import Augment
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.stripes import TREE
from tests.training.test_loop import StopError, stop_after

SPEC = NetSpec.tree(trunk=((8, 0),), levels=((12, 1),), resolution=16)
CONFIG = TrainConfig(
    epochs=3,
    batch_size=36,
    precision="fp32",
    ema=0.9,
    mixup=0.3,
    widths=(0.25, 0.5, 0.75, 1.0),
    augment=Augment(rotation=3, scale=0.05, shift=0.02),
)


def everything(net) -> list[torch.Tensor]:
    """Return all tensors of a network, its other widths' too."""
    return [*net.state_dict().values(), *(t for n in net.narrower.values() for t in n.values())]


def test_a_run_learns_at_every_width_and_says_so(stripes, tmp_path):
    run = train_run(
        tmp_path, SPEC, TREE, stripes, replace(CONFIG, epochs=10, mixup=0.0), progress=False
    )
    assert list(run.manifest["widths"]) == ["0.75", "0.5", "0.25"]
    for width, least in ((1.0, 0.9), (0.75, 0.9), (0.5, 0.9), (0.25, 0.6)):
        kept = run.predictions("val", width)
        whole = extract(run.net(), TREE.leaves, width=width)
        again = predictions_on(whole, stripes.part("val"))
        np.testing.assert_allclose(kept.logits, again.logits, atol=1e-5)
        assert kept.accuracy() > least
        if width < 1:
            facts = run.manifest["widths"][f"{width:g}"]
            assert facts["val_accuracy"] == kept.accuracy()
            assert facts["params"] == cost(SPEC, TREE, width=width).params
            assert facts["params"] == sum(p.numel() for p in whole.parameters())


@pytest.mark.parametrize("stop", [1, 2])
def test_a_stopped_run_ends_with_the_uninterrupted_ones_weights(stripes, tmp_path, stop):
    whole, part, fresh = (build_net(SPEC, TREE, 0) for _ in range(3))
    fit(whole, stripes, CONFIG, progress=False)
    with pytest.raises(StopError):
        fit(part, stripes, CONFIG, tmp_path / "c.st", stop_after(stop), progress=False)
    fit(fresh, stripes, CONFIG, tmp_path / "c.st", progress=False)
    assert len(everything(whole)) == len(everything(fresh)) > len(whole.state_dict())
    pairs = zip(everything(whole), everything(fresh), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_the_order_of_children_and_of_widths_does_not_matter(stripes):
    other = Hierarchy.from_nested(
        [["plain", "dots"], ["down-wide", "down-fine"], ["across-wide", "across-fine"]]
    )
    nets = []
    for tree, widths in ((TREE, (0.25, 0.5)), (other, (0.5, 0.25))):
        nets.append(build_net(SPEC, tree, 0))
        fit(nets[-1], stripes, replace(CONFIG, epochs=1, widths=widths), progress=False)
    assert all(torch.equal(a, b) for a, b in zip(*map(everything, nets), strict=True))


def test_a_step_takes_the_narrowest_and_two_others():
    config = replace(CONFIG, widths=(0.2, 0.3, 0.4, 0.5, 0.6))
    places = [(epoch, step) for epoch in (0, 1) for step in range(20)]
    drawn = [config.drawn(*place) for place in places]
    assert drawn == [config.drawn(*place) for place in places]
    assert all(len(each) == 3 and each[-1] == 0.2 and each[0] > each[1] for each in drawn)
    assert {width for each in drawn for width in each} == {0.2, 0.3, 0.4, 0.5, 0.6}
    assert TrainConfig().drawn(0, 0) == ()


def test_gradients_reach_the_shared_first_channels_alone():
    """Of a loss that reads the half width alone, the last channels of no weight hear anything."""
    net = build_net(SPEC, TREE, 0)
    both = Slimmable(net, (0.5,)).train()
    with torch.no_grad():  # a block begins as the identity, which lets no gradient through
        for name, tensor in both.narrow.named_parameters():
            if name.endswith("weight"):
                tensor.fill_(1.0)
    both(torch.randn(4, 3, 16, 16), (0.5,))[1].square().sum().backward()
    conv = net.packs[0].get_parameter("stage.entry.conv.weight")  # (3 nodes of 12, 8, 3, 3)
    by_node = conv.grad.unflatten(0, (3, 12))
    assert by_node[:, :6, :4].abs().min() > 0
    assert by_node[:, 6:].abs().max() == by_node[:, :, 4:].abs().max() == 0
    assert net.packs[0].get_parameter("stage.entry.norm.weight").grad is None


def test_useless_widths_are_refused():
    for change, message in (
        ({"widths": (0.5, 1.5)}, "`widths` is 1.5"),
        ({"widths": (0.5, 0.5)}, "names one twice"),
        ({"widths": (0.5,), "freeze_trunk": True}, "leave out `freeze_trunk`"),
    ):
        with pytest.raises(TrainingError, match=message):
            TrainConfig(**change)
    assert "widths" not in TrainConfig().to_dict()  # as runs of before wrote it
    assert TrainConfig.from_dict(CONFIG.to_dict()) == CONFIG


def test_narrower_networks_learn_from_the_full_one_where_there_is_no_teacher():
    assert Objective().taught() == Objective(distill=1.0)
    assert Objective(distill_clade=0.5).taught() == Objective(distill_clade=0.5)
