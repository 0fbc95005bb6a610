"""Widths are exact: the first channels of every convolution are a network of their own."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from taxonomy._core.errors import FileFormatError, SpecError
from taxonomy.cli import main
from taxonomy.design import CONVNEXT, FAMILIES, RESNET, Block, Bucket, Level, NetSpec, Stage, cost
from taxonomy.export.sizes import model_bytes
from taxonomy.nets import build_net, extract, get_net, save_net
from taxonomy.nets.hierarchical import HierarchicalNet, is_of_a_norm, unpacked_state
from taxonomy.nets.unpacked import UnpackedNet
from taxonomy.nets.widths import Slimmable, narrowed
from taxonomy.trees.hierarchy import Hierarchy
from tests.nets.test_hierarchical import RAGGED, pictures, settled

WIDTHS = (0.75, 0.5, 0.25)
SPEC = NetSpec(
    trunk=(Stage(8, 0), Stage(12, 1, 2)),
    levels=(Level((Bucket(6), Bucket(14, least=3))), Level((Bucket(8), Bucket(14, least=2)))),
    resolution=16,
)


def variant(block: Block = RESNET, **others: object) -> NetSpec:
    """Return `SPEC` with other blocks, nesting or heads."""
    return replace(
        SPEC,
        trunk=tuple(replace(stage, block=block) for stage in SPEC.trunk),
        levels=tuple(replace(level, block=block) for level in SPEC.levels),
        **others,
    )


VARIANTS = {
    **{name: variant(Block(name)) for name in FAMILIES},
    "squeeze and excite": variant(Block("convnext", recalibrate="se")),
    "ancestors": variant(CONVNEXT, nesting="ancestors"),
    "gate": variant(CONVNEXT, nesting="gate"),
    "cosine": variant(head="cosine"),
    "no openings": NetSpec(
        trunk=(Stage(8, 0), Stage(12, 1, 2, CONVNEXT)),
        levels=(Level.onward(12, Block("adapter", bottleneck=9)), Level((Bucket(8),))),
        resolution=16,
    ),
    "aligned": NetSpec(
        trunk=(Stage(16, 0), Stage(24, 1, 2)),
        levels=(Level((Bucket(32),)), Level((Bucket(16),))),
        resolution=16,
    ),
}


def slimmable(spec: NetSpec, tree: Hierarchy = RAGGED) -> Slimmable:
    """Return a network of several widths whose norms are anything but their initial values."""
    both = Slimmable(settled(spec, tree), WIDTHS).eval()
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, tensor in both.narrow.state_dict().items():
            if is_of_a_norm(name) and tensor.is_floating_point():
                tensor.uniform_(0.5, 1.5, generator=generator)
    both.store()
    return both


def silenced(net: HierarchicalNet, width: float) -> HierarchicalNet:
    """Return the whole network with its last channels at 0 wherever a narrower one has none.

    An oracle that knows nothing of packs: every tensor of a node is padded with zeros from the
    narrow network's shape to its own.
    """
    narrow = unpacked_state(extract(net, net.classes, width=width))
    loud = build_net(net.spec, net.hierarchy).double()
    with torch.no_grad():
        for name, tensor in unpacked_state(loud).items():
            tensor.zero_()
            tensor[tuple(slice(size) for size in narrow[name].shape)] = narrow[name]
            if name.endswith("running_var"):
                tensor[narrow[name].shape[0] :] = 1
    return loud.eval()


@pytest.mark.parametrize("name", VARIANTS)
@torch.no_grad()
def test_experts_equal_the_network_run_at_that_width(name):
    both = slimmable(VARIANTS[name]).double()
    both.store()
    net, x = both.net, pictures().double()
    rng = np.random.default_rng(0)
    for width, wanted in zip(WIDTHS, both(x, WIDTHS)[1:], strict=True):
        for size in (1, 2, 4, 7, len(net.classes)):
            classes = rng.choice(np.array(net.classes), size, replace=False).tolist()
            expert = extract(net, classes, width=width)
            assert expert.spec == net.spec.narrowed(width)
            columns = RAGGED.positions(expert.classes)
            gap = (expert(x) - wanted[:, columns]).abs().max().item()
            assert gap <= 1e-10 * max(1.0, wanted.abs().max().item())


@pytest.mark.parametrize("name", [name for name in VARIANTS if name != "ancestors"])
@torch.no_grad()
def test_the_whole_network_with_its_last_channels_silenced_answers_the_same(name):
    both = slimmable(VARIANTS[name]).double()
    both.store()
    x = pictures().double()
    for width, wanted in zip(WIDTHS, both(x, WIDTHS)[1:], strict=True):
        assert wanted.std() > 1e-3
        torch.testing.assert_close(silenced(both.net, width)(x), wanted, rtol=1e-9, atol=1e-9)


@torch.no_grad()
def test_cost_equals_the_closed_form_and_torchs_counter():
    for spec in VARIANTS.values():
        net = slimmable(spec).net
        for width in WIDTHS:
            for classes in (["a"], ["a", "e", "j"], list(net.classes)):
                expert = extract(net, classes, width=width)
                closed = cost(spec, RAGGED, classes, width=width)
                assert sum(p.numel() for p in expert.parameters()) == closed.params
                with FlopCounterMode(display=False) as counter:
                    expert(pictures(1))
                assert counter.get_total_flops() == 2 * closed.macs


def test_an_expert_cut_to_a_width_later_is_the_same_and_files_keep_the_widths(tmp_path):
    net = slimmable(SPEC).net
    save_net(tmp_path / "net.safetensors", net)
    save_net(tmp_path / "expert.safetensors", extract(tmp_path / "net.safetensors", ["a", "h"]))
    at_once = extract(net, ["h", "a"], width=0.5)
    later = narrowed(get_net(tmp_path / "expert.safetensors"), 0.5)
    assert later.hierarchy == at_once.hierarchy
    assert torch.equal(at_once(pictures()), later(pictures()))
    save_net(tmp_path / "half.safetensors", later)
    kept = get_net(tmp_path / "half.safetensors")
    assert kept.narrower == {}
    assert kept.source.name == "net.safetensors"
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("half", "expert")]
    assert sizes[0] < sizes[1]
    x = pictures()  # an ordinary network to all else, as to the oracle of one module a node
    torch.testing.assert_close(UnpackedNet(kept).eval()(x), kept(x))


def test_a_width_that_was_not_trained_is_refused():
    net = settled(SPEC, RAGGED)
    with pytest.raises(SpecError, match=r"trained at `width` 1, not at 0.5"):
        extract(net, ["a"], width=0.5)
    with pytest.raises(SpecError, match=r"at `width` 0.25, 0.5, 0.75, 1, not at 0.6"):
        extract(slimmable(SPEC).net, ["a"], width=0.6)
    with pytest.raises(SpecError, match="above 0 and up to 1"):
        extract(net, ["a"], width=2)


def test_nodes_of_several_widths_must_not_become_alike():
    level = Level((Bucket(8), Bucket(10, least=3)))
    spec = replace(SPEC, levels=(level, SPEC.levels[1]))
    with pytest.raises(SpecError, match=r"At the width 0.25 nodes of several widths"):
        Slimmable(build_net(spec, RAGGED), (0.25,))


@pytest.mark.parametrize("damage", ["missing", "shape", "width", "number"])
def test_damaged_widths_are_refused(tmp_path, damage):
    from safetensors.torch import load_file, save_file

    path = tmp_path / "net.safetensors"
    save_net(path, slimmable(SPEC).net)
    tensors = load_file(path)
    length = int.from_bytes(path.read_bytes()[:8], "little")
    texts = json.loads(path.read_bytes()[8 : 8 + length])["__metadata__"]
    name = next(name for name in tensors if name.startswith("widths.1."))
    if damage == "missing":
        del tensors[name]
    elif damage == "shape":
        tensors[name] = torch.cat([tensors[name], tensors[name]])
    else:
        new = "0.5,0.8" if damage == "number" else "0.5,7.0"
        texts = {key: text.replace("0.5,0.75", new) for key, text in texts.items()}
    save_file(tensors, path, texts)
    with pytest.raises((FileFormatError, SpecError)):
        get_net(path)


def test_the_command_foretells_the_files_of_the_width(tmp_path, capsys):
    whole = VARIANTS["aligned"]
    save_net(tmp_path / "net.safetensors", slimmable(whole).net)
    spec, kept = whole.narrowed(0.5), RAGGED.restrict(["a", "h"])
    net = str(tmp_path / "net.safetensors")
    assert main(["cost", net, "--classes", "a,h", "--width", "0.5"]) == 0
    shown = capsys.readouterr().out
    for target in ("onnx", "tflite"):
        told = model_bytes(spec, kept, target)
        assert told < model_bytes(whole, kept, target)
        assert f"  {target:12}  {told:,} in float" in shown
