"""Averaged and best weights, early stopping, starting from weights, skipping blocks."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from taxonomy._core.errors import SpecError, TrainingError
from taxonomy.design.blocks import CONVNEXT, RESNET
from taxonomy.design.spec import NetSpec
from taxonomy.nets import build_net
from taxonomy.nets.hierarchical import unpacked_state
from taxonomy.nets.initialise import start_from
from taxonomy.nets.layers import StochasticDepth, set_drop_path
from taxonomy.training import Objective, TrainConfig, fit, predictions_on
from taxonomy.training.average import Average
from taxonomy.trees.hierarchy import Hierarchy
from tests.nets.test_hierarchical import settled
from tests.support.stripes import CLASSES, TREE

SPEC = NetSpec.tree(trunk=((6, 0), (8, 1)), levels=((6, 1),), resolution=16)
CONFIG = TrainConfig(epochs=3, batch_size=36, precision="fp32")


def first_weight(net: torch.nn.Module) -> torch.nn.Parameter:
    return next(net.parameters())


class TestAverage:
    def test_moves_by_the_decay_and_faster_at_the_start(self):
        """From 0 towards 1: a tenth is kept at step 0, and 0.9 in the long run."""
        net = build_net(SPEC, TREE, 0)
        torch.nn.init.zeros_(first_weight(net))
        average = Average(net, 0.9)
        name = next(name for name, _ in net.named_parameters())
        torch.nn.init.ones_(first_weight(net))
        average.update(net, 0)
        assert average.state[name].unique().item() == pytest.approx(0.9)
        average.update(net, 1000)
        assert average.state[name].unique().item() == pytest.approx(0.91)

    def test_lends_its_weights_and_takes_them_back(self):
        net = build_net(SPEC, TREE, 0)
        average = Average(net, 0.9)
        torch.nn.init.ones_(first_weight(net))
        with average.lent_to(net):
            assert not (first_weight(net) == 1).all()
        assert (first_weight(net) == 1).all()

    def test_the_trained_network_is_the_average(self, stripes, monkeypatch):
        """Of all weights that the optimiser made, averaged here by hand."""
        net, seen = build_net(SPEC, TREE, 0), []
        monkeypatch.setattr(
            torch.optim.AdamW,
            "step",
            lambda self, step=torch.optim.AdamW.step: (
                step(self),
                seen.append(first_weight(net).detach().clone()),
            ),
        )
        average = first_weight(net).detach().clone()
        fit(net, stripes, replace(CONFIG, ema=0.9), progress=False)
        for step, weight in enumerate(seen):
            average.lerp_(weight, 1 - min(0.9, (1 + step) / (10 + step)))
        assert len(seen) > 10
        torch.testing.assert_close(first_weight(net).detach(), average)
        assert not torch.allclose(average, seen[-1], atol=1e-3)


class TestEarlyStopping:
    def test_stops_after_the_patience_with_the_best_epochs_weights(self, stripes):
        """A rate of nearly 0 never improves after the first epoch."""
        net, rows = build_net(SPEC, TREE, 0), []
        config = replace(CONFIG, epochs=9, patience=2, learning_rate=1e-12)
        fit(net, stripes, config, report=rows.append, progress=False)
        assert len(rows) < 9
        best = max(row["val_accuracy"] for row in rows)
        assert predictions_on(net, stripes.part("val")).accuracy() == best
        first_best = next(row["epoch"] for row in rows if row["val_accuracy"] == best)
        assert len(rows) == first_best + 2


class TestStart:
    FLAT = build_net(NetSpec.flat((6, 8), depth=0, resolution=16), Hierarchy.star(CLASSES), 1)

    def test_copies_the_stages_that_are_alike(self):
        net = build_net(SPEC, TREE, 0)
        before = {name: tensor.clone() for name, tensor in unpacked_state(net).items()}
        copied = start_from(net, self.FLAT)
        after, source = unpacked_state(net), unpacked_state(self.FLAT)
        same = {name for name in after if torch.equal(after[name], before[name])}
        assert copied == sum(name.startswith("trunk.0.") for name in after)
        assert all(torch.equal(after[n], source[n]) for n in after if n.startswith("trunk.0."))
        assert {name for name in after if not name.startswith("trunk.0.")} <= same

    def test_copies_everything_between_twins(self):
        one, other = build_net(SPEC, TREE, 0), build_net(SPEC, TREE, 1)
        start_from(one, other)
        x = torch.randn(3, 3, 16, 16)
        assert torch.equal(one.eval()(x), other.eval()(x))

    @pytest.mark.parametrize("block", [RESNET, CONVNEXT])
    def test_every_branch_starts_as_a_copy_of_the_flat_networks_stages(self, block):
        """So that the tree network at first answers what the flat one answers, exactly."""
        spec = NetSpec.tree(
            trunk=((6, 0), (8, 1)), levels=((6, 1), (4, 1)), block=block, resolution=16
        )
        tree = Hierarchy.from_nested([[["a", "b"], ["c"]], [["d", "e"], ["f", "g", "h"]]])
        flat = settled(spec.path(), Hierarchy.star(tree.leaves))
        net = build_net(spec, tree, 5).eval()
        assert start_from(net, flat) == len(unpacked_state(net))
        x = torch.randn(3, 3, 16, 16)
        torch.testing.assert_close(net(x), flat(x))

    def test_leaves_that_hang_higher_keep_their_own_heads(self):
        spec = NetSpec.tree(trunk=((6, 0),), levels=((6, 1), (4, 1)), resolution=16)
        tree = Hierarchy.from_nested([[["a", "b"], "c"], "d"])
        net, flat = (
            build_net(spec, tree, 5).eval(),
            build_net(spec.path(), Hierarchy.star("abcd"), 1),
        )
        start_from(net, flat.eval())
        x = torch.randn(3, 3, 16, 16)
        torch.testing.assert_close(net(x)[:, :2], flat(x)[:, :2])
        assert (net(x)[:, 2:] - flat(x)[:, 2:]).abs().min() > 0

    def test_refuses_a_network_with_nothing_alike(self):
        with pytest.raises(SpecError, match=r"first trunk stage.*give one whose trunk"):
            start_from(
                build_net(NetSpec.flat((7,), resolution=16), Hierarchy.star(CLASSES)), self.FLAT
            )

    def test_names_the_shipped_network_that_would_do(self):
        tree = Hierarchy.from_nested([["a", "b"], "c"])
        with pytest.raises(SpecError, match=r"give icons/tree or icons/tree-slim or one whose"):
            start_from(build_net(NetSpec.recommended(tree), tree), self.FLAT)

    def test_a_frozen_trunk_stays_with_its_statistics(self, stripes):
        net = build_net(SPEC, TREE, 0)
        before = {name: tensor.clone() for name, tensor in net.trunk.state_dict().items()}
        fit(net, stripes, replace(CONFIG, epochs=1, freeze_trunk=True), progress=False)
        assert all(torch.equal(t, before[n]) for n, t in net.trunk.state_dict().items())
        assert all(p.requires_grad for p in net.parameters())


class TestStochasticDepth:
    def test_skips_whole_nodes_of_pictures_and_keeps_the_mean(self):
        torch.manual_seed(0)
        drop = StochasticDepth(nodes=3).train()
        drop.rate = 0.25
        made = drop(torch.ones(4000, 6, 2, 2))
        assert made.unique().tolist() == pytest.approx([0, 1 / 0.75])
        nodes = made.reshape(4000, 3, -1)
        assert ((nodes == 0).all(2) | (nodes > 0).all(2)).all()
        assert made.mean().item() == pytest.approx(1, abs=0.02)
        assert (nodes[:, 0, 0] != nodes[:, 1, 0]).any()

    def test_does_nothing_in_evaluation_mode(self):
        net = build_net(SPEC, TREE, 0).eval()
        x = torch.randn(3, 3, 16, 16)
        before = net(x)
        set_drop_path(net, 0.9)
        assert torch.equal(net(x), before)

    def test_is_reproducible_whatever_the_global_generator(self, stripes):
        config = replace(CONFIG, epochs=1, drop_path=0.3, objective=Objective(subset=1.0))
        nets = [build_net(SPEC, TREE, 0) for _ in range(2)]
        for seed, net in enumerate(nets):
            torch.manual_seed(seed)
            fit(net, stripes, config, progress=False)
        assert torch.equal(first_weight(nets[0]), first_weight(nets[1]))


@pytest.mark.parametrize(
    "change",
    [
        {"ema": 1.0},
        {"drop_path": -0.1},
        {"mixup": 1.1},
        {"patience": -1},
        {"accumulate": 0},
        {"warmup": 2.0},
        {"precision": "fp16"},
        {"freeze_trunk": 2},
        {"compile": -1},
    ],
)
def test_impossible_settings_are_refused(change):
    with pytest.raises(TrainingError):
        replace(CONFIG, **change)


def test_settings_round_trip_through_json():
    import json
    from dataclasses import asdict

    config = replace(CONFIG, objective=Objective(clade=0.5), ema=0.9)
    assert TrainConfig.from_dict(json.loads(json.dumps(asdict(config)))) == config
    with pytest.raises(TrainingError, match="unknown"):
        TrainConfig.from_dict({**asdict(config), "unknown": 1})
