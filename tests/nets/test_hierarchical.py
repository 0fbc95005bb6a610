"""The packed network: exactness, cost, gradients, files."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch.utils.flop_counter import FlopCounterMode

from taxonomy._core.errors import FileFormatError, SpecError
from taxonomy.design import CONVNEXT, FAMILIES, RESNET, Block, Bucket, Level, NetSpec, Stage, cost
from taxonomy.nets import build_net, extract, get_net, save_net
from taxonomy.nets.hierarchical import load_unpacked_state, unpacked_state
from taxonomy.nets.layers import folded
from taxonomy.nets.unpacked import UnpackedNet
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.choices import choices
from tests.support.mutants import json_text, mutants

RAGGED = Hierarchy.from_nested([[["a", "b"], ["c"], "d"], [["e", "f", "g"]], ["h", "i"], "j"])
SPEC = NetSpec(
    trunk=(Stage(4, 0), Stage(6, 1, 2)),
    levels=(Level((Bucket(3), Bucket(5, least=3))), Level((Bucket(2), Bucket(4, least=2)))),
    resolution=16,
)


def settled(spec: NetSpec, tree: Hierarchy, seed: int = 0) -> torch.nn.Module:
    """Return a network whose norms and biases are anything but their initial values."""
    net = build_net(spec, tree, seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in net.state_dict().items():
            if "norm" in name and tensor.is_floating_point():
                tensor.uniform_(0.5, 1.5, generator=generator)
            if ".recalibrate." in name or ".gate." in name:
                tensor.uniform_(0.1, 0.3, generator=generator)
    return net.eval()


def pictures(n: int = 5, side: int = 16) -> torch.Tensor:
    return torch.randn(n, 3, side, side, generator=torch.Generator().manual_seed(1))


def variant(block: Block = RESNET, **others: object) -> NetSpec:
    """Return `SPEC` with other blocks, nesting or heads."""
    return replace(
        SPEC,
        trunk=tuple(replace(stage, block=block) for stage in SPEC.trunk),
        levels=tuple(replace(level, block=block) for level in SPEC.levels),
        **others,
    )


def label(option: dict[str, object]) -> str:
    return " ".join(f"{name} {value}" for name, value in option.items())


VARIANTS = {
    **{f"family {name}": variant(Block(name)) for name in FAMILIES},
    **{
        f"{name}: {label(option)}": variant(Block(name, **option))
        for name, family in FAMILIES.items()
        for option in choices(Block)
        if option.keys() <= set(family.options)
    },
    **{label(option): variant(**option) for option in choices(NetSpec)},
    "no openings in the first level": replace(
        variant(),
        levels=(Level.onward(6, Block("adapter", bottleneck=8)), SPEC.levels[1]),
    ),
    "no openings in the second level, nor in a stage": replace(
        variant(CONVNEXT),
        trunk=(*SPEC.trunk, Stage(6, 1, block=CONVNEXT, opening=False)),
        levels=(
            Level((Bucket(5),), block=CONVNEXT),
            Level.onward(5, CONVNEXT, depth=2),
        ),
    ),
    "no openings at all": replace(
        SPEC, levels=(Level.onward(6, RESNET), Level.onward(6, RESNET)), nesting="gate"
    ),
    "adapters of another kernel": variant(Block("adapter", bottleneck=5, kernel=5)),
    "odd sides": replace(variant(Block("convnext", expand=2, kernel=5)), resolution=18),
    "all at once": variant(
        Block("convnext", recalibrate="grn"), nesting="ancestors", head="cosine"
    ),
}


def test_every_option_of_every_family_has_a_variant():
    """Of an option that is no choice between words, another value than the default."""
    seen = {
        (stage.block.family, name)
        for spec in VARIANTS.values()
        for stage in spec.trunk
        for name, value in stage.block.options.items()
        if value != getattr(Block(stage.block.family), name)
    }
    wanted = {(name, option) for name, family in FAMILIES.items() for option in family.options}
    assert seen == wanted
    assert {f"family {name}" for name in FAMILIES} <= VARIANTS.keys()


@pytest.mark.parametrize(
    ("spec", "tree"),
    [
        *(pytest.param(spec, RAGGED, id=name) for name, spec in VARIANTS.items()),
        (replace(variant(CONVNEXT), nesting="gate"), Hierarchy.from_nested([["a", "b"]])),
        (NetSpec.flat((4, 8), resolution=16), Hierarchy.star("abcdef")),
        (NetSpec.tree(trunk=((4, 0), (6, 1)), levels=((6, 1), (4, 1)), resolution=16), RAGGED),
        (
            NetSpec.tree(trunk=((4, 0),), levels=((6, 0),), resolution=16),
            Hierarchy.from_nested([["a", "b"]]),
        ),
    ],
)
class TestEveryShape:
    def test_gives_one_logit_a_class(self, spec, tree):
        assert settled(spec, tree)(pictures()).shape == (5, len(tree.leaves))

    def test_equals_one_module_per_node(self, spec, tree):
        net = settled(spec, tree).double()
        x = pictures().double()
        torch.testing.assert_close(net(x), UnpackedNet(net)(x), rtol=0, atol=1e-12)

    @torch.no_grad()
    def test_one_picture_alone_answers_as_among_others(self, spec, tree):
        net, x = settled(spec, tree).double(), pictures().double()
        alone = torch.cat([net(picture[None]) for picture in x])
        torch.testing.assert_close(alone, net(x), rtol=0, atol=1e-12)

    def test_costs_what_the_closed_form_says(self, spec, tree):
        net, closed = settled(spec, tree), cost(spec, tree)
        assert sum(p.numel() for p in net.parameters()) == closed.params
        with FlopCounterMode(display=False) as counter:
            net(pictures(1, spec.resolution))
        assert counter.get_total_flops() == 2 * closed.macs

    def test_every_parameter_gets_a_gradient(self, spec, tree):
        net = settled(spec, tree).train()
        net(pictures()).square().sum().backward()
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())

    def test_folded_norms_answer_the_same(self, spec, tree):
        net = settled(spec, tree).double()
        plain = folded(net)
        assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in plain.modules())
        x = pictures(side=spec.resolution).double()
        torch.testing.assert_close(plain(x), net(x), rtol=0, atol=1e-10)

    def test_per_node_weights_round_trip(self, spec, tree):
        net, other = settled(spec, tree), build_net(spec, tree, seed=9).eval()
        load_unpacked_state(other, unpacked_state(net))
        assert torch.equal(net(pictures()), other(pictures()))

    def test_experts_are_exact(self, spec, tree):
        """Of one class, of two far apart, and of all but one."""
        net, leaves = settled(spec, tree).double(), tree.leaves
        x = pictures(side=spec.resolution).double()
        for classes in (leaves[:1], (leaves[0], leaves[-1]), leaves[1:]):
            expert = extract(net, classes)
            wanted = net(x)[:, tree.positions(expert.classes)]
            torch.testing.assert_close(expert(x), wanted, rtol=0, atol=1e-12)

    def test_file_round_trips_byte_for_byte(self, spec, tree, tmp_path):
        net = settled(spec, tree)
        save_net(tmp_path / "a.safetensors", net)
        loaded = get_net(tmp_path / "a.safetensors")
        assert torch.equal(net(pictures()), loaded(pictures()))
        save_net(tmp_path / "b.safetensors", loaded)
        same = (tmp_path / "a.safetensors").read_bytes() == (
            tmp_path / "b.safetensors"
        ).read_bytes()
        assert same


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("classes", [RAGGED.leaves, ("a", "f")], ids=["whole", "expert"])
def test_every_variant_exports_whole_and_as_an_expert(name, classes):
    """Through torch.export, for any batch size, with the logits of the whole network."""
    spec = VARIANTS[name]
    net = settled(spec, RAGGED)
    cut, batch = extract(net, classes), torch.export.Dim("batch", min=2)
    two, five = (pictures(n, spec.resolution) for n in (2, 5))
    exported = torch.export.export(cut, (two,), dynamic_shapes=({0: batch},))
    wanted = net(five)[:, RAGGED.positions(cut.classes)]
    torch.testing.assert_close(exported.module()(five), wanted)


def test_siblings_do_not_mix():
    """A change of one node's weights moves the logits below that node only."""
    net = settled(SPEC, RAGGED)
    before = net(pictures())
    node = next(n for n in RAGGED.nodes if RAGGED.clade(n) == ("e", "f", "g"))
    with torch.no_grad():
        for name, tensor in unpacked_state(net).items():
            if name.startswith(f"node.{node}."):
                tensor.mul_(1.5)
    moved = (net(pictures()) - before).abs().amax(0) > 0
    assert {c for c, m in zip(net.classes, moved.tolist(), strict=True) if m} == {"e", "f", "g"}


def test_a_seed_fixes_the_weights_and_leaves_the_generator_alone():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    one, other = (build_net(SPEC, RAGGED, seed=3) for _ in range(2))
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(one.eval()(pictures()), other.eval()(pictures()))


def test_logits_are_in_the_order_of_sorted_ids():
    """Columns follow label ids, not the shape of the tree they hang in."""
    net = settled(SPEC, RAGGED)
    leaf = next(i for i, name in enumerate(RAGGED.leaf) if name == "j")
    with torch.no_grad():
        unpacked_state(net)[f"leaf.{leaf}.bias"].fill_(1000.0)
    assert set(net(pictures()).argmax(1).tolist()) == {sorted(RAGGED.leaves).index("j")}


def test_a_tree_deeper_than_the_spec_is_refused():
    with pytest.raises(SpecError, match="fewer levels"):
        build_net(NetSpec.tree(trunk=((4, 0),), levels=((4, 0),)), RAGGED)


@pytest.mark.parametrize(
    "damage", ["truncated", "not ours", "empty", "flipped shape", "other version"]
)
def test_a_damaged_file_is_named(tmp_path, damage):
    path = tmp_path / "net.safetensors"
    save_net(path, settled(SPEC, RAGGED))
    data = path.read_bytes()
    if damage == "truncated":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "not ours":
        from safetensors.numpy import save_file

        save_file({"x": np.zeros(3)}, path)
    elif damage == "other version":
        path.write_bytes(data.replace(b'\\"version\\":1}"', b'\\"version\\":2}"'))
    else:
        path.write_bytes(data.replace(b'\\"width\\":6', b'\\"width\\":7'))
    with pytest.raises(FileFormatError, match=r"net\.safetensors"):
        get_net(path)


def with_header(path, header) -> None:
    """Write a safetensors file again with another header."""
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    text = json_text(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data[end:])


def test_any_damaged_header_is_refused_with_a_short_message(tmp_path_factory):
    path = tmp_path_factory.mktemp("nets") / "net.safetensors"
    save_net(path, settled(SPEC, RAGGED))
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    description = json.loads(header["__metadata__"]["taxonomy-net"])
    described = mutants(description).map(
        lambda value: {**header, "__metadata__": {"taxonomy-net": json_text(value)}}
    )

    @settings(deadline=None)
    @given(mutants(header) | described)
    def check(damaged):
        path.write_bytes(data)
        with_header(path, damaged)
        try:
            get_net(path)
        except FileFormatError as error:
            assert str(error).startswith(str(path))
            assert len(str(error)) <= 400

    check()
