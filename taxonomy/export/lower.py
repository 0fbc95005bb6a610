"""From a trained network to a `Graph`: normalisations folded, every order in the weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from taxonomy._core.errors import ExportError
from taxonomy.design.blocks import Block
from taxonomy.export.graph import Builder, Graph, Part, Port
from taxonomy.export.packs import Pack, packed
from taxonomy.nets.hierarchical import HierarchicalNet, unpacked_state

Array = npt.NDArray[np.float64]
NORM_EPSILON = 1e-5
"""What `torch.nn.BatchNorm2d` adds to a variance."""


def lower(net: HierarchicalNet, lowering: str = "auto", white: float = 255) -> Graph:
    """Return the graph of a network or an expert, from channel values to logits.

    The encoding (`taxonomy.data.Preprocessing`) is in it: neutral becomes 0 by a subtraction, which
    the zeros at the edges need, and the factor is in the first weights.

    Args:
        net: a trained network.
        lowering: how levels are run, one of `taxonomy.export.packs.Lowering`.
        white: the channel value of white: 255 for bytes, 1 for numbers from 0 to 1.

    Raises:
        ExportError: the network has a timm backbone, or blocks of a family without a lowering.
        SpecError: an unknown lowering.

    >>> from taxonomy.nets import extract, get_net
    >>> graph = lower(extract(get_net("icons/tree"), ["cat", "dog", "horse"]))
    >>> sorted({step.kind for step in graph.steps})
    ['add', 'average', 'convolution', 'flatten', 'gelu', 'product', 'relu', 'subtract']
    """
    return _Lowering(net, lowering, white).graph()


def lower_nodes(net: HierarchicalNet) -> Iterator[tuple[int, Part]]:
    """Yield every node's own part of a network, parents first; the trunk's is the root's.

    The trunk reads ``input``, channel values from 0 to 255; a node the maps of those above it,
    called ``map`` and their depth. They make ``map`` where nodes are below, and where leaves are
    ``features``, the averaged map, which the weights of `leaf_weights` multiply.

    Args:
        net: a trained network.

    Raises:
        ExportError: the network has a timm backbone, or blocks of a family without a lowering.

    >>> from taxonomy.nets import extract, get_net
    >>> pets = extract(get_net("icons/tree"), ["cat", "dog", "horse"])
    >>> for node, part in lower_nodes(pets):
    ...     node, [port.name for port in part.inputs], [port.name for port in part.outputs]
    (0, ['input'], ['map'])
    (1, ['map0'], ['features'])
    """
    yield from _Lowering(net, "sliced", white=255).parts()


def leaf_weights(net: HierarchicalNet) -> list[Array]:
    """Return for every class the weights of its node's features, and last what is added."""
    lowering = _Lowering(net, "sliced", white=255)
    leaves = net.hierarchy.leaf_entries
    return [np.append(*lowering.leaf(int(entry))) for entry in leaves]


class Weights:
    """The weights of nodes that run together, one after another along the first dimension.

    Args:
        state: of the network, per node.
        prefixes: what the names of each node's weights begin with.
    """

    def __init__(self, state: dict[str, Array], prefixes: Sequence[str]) -> None:
        self.state, self.prefixes = state, prefixes

    def __getitem__(self, name: str) -> Array:
        return np.concatenate([self.state[prefix + name] for prefix in self.prefixes])

    def below(self, name: str) -> Weights:
        """Return the weights whose names go on with a name."""
        return Weights(self.state, [f"{prefix}{name}." for prefix in self.prefixes])

    def folded(self) -> tuple[Array, Array]:
        """Return weight and bias of a convolution with its normalisation in them."""
        scale = self["norm.weight"] / np.sqrt(self["norm.running_var"] + NORM_EPSILON)
        weight = self["conv.weight"] * scale[:, None, None, None]
        return weight, self["norm.bias"] - self["norm.running_mean"] * scale


class _Lowering:
    """One lowering: the builder, and what has been built so far."""

    def __init__(self, net: HierarchicalNet, lowering: str, white: float) -> None:
        if net.spec.backbone:
            raise ExportError(
                f"The network begins with timm's {net.spec.backbone.name}, which is not exported; "
                "train one without a `backbone`."
            )
        self.net, self.spec, self.tree, self.white = net, net.spec, net.hierarchy, white
        self.state = {
            name: tensor.detach().cpu().double().numpy()
            for name, tensor in unpacked_state(net).items()
        }
        self.packs = packed(net.spec, net.hierarchy, lowering)
        self.build = Builder()
        self.build.channels["input"] = net.spec.channels
        self.sides = [net.spec.side(depth) for depth in range(len(net.spec.levels) + 1)]
        self.maps: list[str] = []

    def graph(self) -> Graph:
        """Return the graph of the whole network."""
        self.maps.append(self._trunk())
        for pack in self.packs[1:]:
            self.maps.append(self._pack(pack))
        self._head()
        steps = tuple(self.build.steps)
        return Graph(steps, self.spec.channels, self.spec.resolution, self.net.classes)

    def parts(self) -> Iterator[tuple[int, Part]]:
        """Yield every node with its part; each is a pack of its own."""
        side = self.spec.resolution
        with_leaves = {int(self.tree.parent[entry]) for entry in self.tree.leaf_entries}
        with_nodes = {pack.parent for pack in self.packs}
        self.maps = [f"map{pack.depth}" for pack in self.packs]
        inputs = [Port("input", "input", (self.spec.channels, side, side))]
        for index, pack in enumerate(self.packs):
            if index:
                self.build = Builder()
                inputs = [self._port(read) for read in self._reads(pack)]
            value = self._pack(pack) if index else self._trunk()
            made = [self._port(pack, value)] if index in with_nodes else []
            if pack.nodes[0] in with_leaves:
                made.append(Port(self._features(value, pack), "features", (pack.width,)))
            yield pack.nodes[0], Part(tuple(self.build.steps), tuple(inputs), tuple(made))

    def _port(self, pack: Pack, value: str = "") -> Port:
        """Return a map as what another part reads, or as what this one makes."""
        name, side = f"map{pack.depth}", self.sides[pack.depth]
        self.build.channels.setdefault(name, pack.width)
        return Port(value or name, "map" if value else name, (pack.width, side, side))

    def _trunk(self) -> str:
        encoding, side = self.net.preprocessing, self.spec.resolution
        value = self.build.add("subtract", "input", number=self.white * encoding.neutral)
        for number, stage in enumerate(self.spec.trunk):
            weights = Weights(self.state, [f"trunk.{number}."])
            weight, bias = weights.below("entry").folded()
            if number == 0:
                weight = weight * (encoding.scale / self.white)
            value = self._opening([(value, weight)], bias, side, stage.stride, stage.block, False)
            value = self._blocks(value, weights, stage.block, stage.depth, 1, stage.width, False)
            side = -(-side // stage.stride)
        return value

    def _pack(self, pack: Pack) -> str:
        """Add a pack's stage; its opening is a sum over the maps that its nodes read."""
        level = self.spec.levels[pack.depth - 1]
        weights = Weights(self.state, [f"node.{node}.stage." for node in pack.nodes])
        weight, bias = weights.below("entry").folded()
        dense = pack.lowering == "dense"
        reads, start = [], 0
        for read in self._reads(pack):
            width = read.width
            value = self._pooled(self._slice(read), read.depth, pack.depth - 1)
            reads.append((value, weight[:, start : start + width]))
            start += width
        side = self.sides[pack.depth - 1]
        value = self._opening(reads, bias, side, level.stride, level.block, dense)
        nodes = len(pack.nodes)
        value = self._blocks(value, weights, level.block, level.depth, nodes, pack.width, dense)
        return self._gated(value, pack) if self.spec.nesting == "gate" else value

    def _reads(self, pack: Pack) -> list[Pack]:
        """Return what a pack's nodes read, trunk first: packs, or the parts of them they are in."""
        nodes = list(dict.fromkeys(int(self.tree.parent[node]) for node in pack.nodes))
        above, reads = pack.parent, []
        while above >= 0:
            found = self.packs[above]
            first = found.nodes.index(nodes[0])
            reads.append(Pack(found.depth, found.width, tuple(nodes), above, first, len(nodes), ""))
            if self.spec.nesting != "ancestors":
                break
            nodes = list(dict.fromkeys(int(self.tree.parent[node]) for node in nodes))
            above = found.parent
        return reads[::-1]

    def _slice(self, read: Pack) -> str:
        """Return the part of a pack's map that belongs to some neighbouring nodes of it."""
        value, held = self.maps[read.parent], len(self.packs[read.parent].nodes)
        if len(read.nodes) == held:
            return value
        start, stop = (read.width * at for at in (read.first, read.first + len(read.nodes)))
        return self.build.add("slice", value, channels=stop - start, start=start, stop=stop)

    def _pooled(self, value: str, depth: int, wanted: int) -> str:
        side, smaller = self.sides[depth], self.sides[wanted]
        if side == smaller:
            return value
        if side % smaller == 0:
            return self.build.add("pool", value, size=side // smaller)
        matrix = np.zeros((smaller, side))
        for cell in range(smaller):  # as torch.nn.functional.adaptive_avg_pool2d has it
            start, stop = cell * side // smaller, -(-(cell + 1) * side // smaller)
            matrix[cell, start:stop] = 1 / (stop - start)
        return self.build.add("resample", value, arrays={"matrix": matrix})

    def _opening(
        self,
        reads: list[tuple[str, Array]],
        bias: Array,
        side: int,
        stride: int,
        block: Block,
        dense: bool,
    ) -> str:
        kernel = block.record.opening(stride)
        pads = _pads(kernel, side)
        value = ""
        for number, (read, weight) in enumerate(reads):
            held = self.build.channels[read] // weight.shape[1]  # nodes that the map is of
            part = self.convolution(
                read, weight, bias if number == 0 else 0 * bias, held, dense, stride, pads
            )
            value = self.build.add("add", value, part) if number else part
        return self.build.add("relu", value) if block.record.opening_relu else value

    def _blocks(
        self,
        value: str,
        weights: Weights,
        block: Block,
        depth: int,
        nodes: int,
        width: int,
        dense: bool,
    ) -> str:
        if block.family not in BLOCKS:
            raise ExportError(f"Blocks of the family {block.family!r} are not exported yet.")
        for number in range(depth):
            below = weights.below(f"blocks.{number}")
            value = BLOCKS[block.family](self, value, below, block, nodes, width, dense)
        return value

    def _gated(self, value: str, pack: Pack) -> str:
        (read,) = self._reads(pack)
        pooled = self.build.add("average", self._slice(read))
        weight = np.stack([self.state[f"node.{node}.gate.weight"][0] for node in pack.nodes])
        bias = np.concatenate([self.state[f"node.{node}.gate.bias"] for node in pack.nodes])
        weight = np.repeat(weight, pack.width, axis=0)[:, :, None, None]
        dense = pack.lowering == "dense"
        score = self.convolution(pooled, weight, np.repeat(bias, pack.width), pack.parents, dense)
        factor = self.build.add("scale", self.build.add("sigmoid", score), factor=2.0)
        return self.build.add("multiply", value, factor)

    def _head(self) -> None:
        """Add the averages of all maps with leaves and one product; a leaf reads its own node."""
        leaves = {int(entry): column for column, entry in enumerate(self.tree.leaf_entries)}
        by_node: dict[int, list[int]] = {}
        for entry in leaves:
            by_node.setdefault(int(self.tree.parent[entry]), []).append(entry)
        holding = [
            i for i, pack in enumerate(self.packs) if any(node in by_node for node in pack.nodes)
        ]
        pooled, rows = [], []
        bias = np.zeros(len(leaves))
        for index in holding:
            pack = self.packs[index]
            pooled.append(self._features(self.maps[index], pack))
            part = np.zeros((len(pack.nodes), pack.width, len(leaves)))
            for position, node in enumerate(pack.nodes):
                for entry in by_node.get(node, ()):
                    column = leaves[entry]
                    part[position, :, column], bias[column] = self.leaf(entry)
            rows.append(part.reshape(-1, len(leaves)))
        value = pooled[0]
        if len(pooled) > 1:
            channels = sum(self.build.channels[part] for part in pooled)
            value = self.build.add("join", *pooled, channels=channels)
        product = {"weight": np.concatenate(rows), "bias": bias}
        self.build.add("product", value, channels=len(leaves), arrays=product)

    def _features(self, value: str, pack: Pack) -> str:
        """Add what the leaves of a map's nodes read: its average."""
        value = self.build.add("flatten", self.build.add("average", value))
        cosine = self.spec.head == "cosine"
        return self.build.add("unit", value, width=pack.width) if cosine else value

    def leaf(self, entry: int) -> tuple[Array, float]:
        """Return by what a leaf multiplies its node's features, and what it adds."""
        weight, second = (self.state[f"leaf.{entry}.{n}"] for n in ("weight", "bias"))
        if self.spec.head != "cosine":
            return weight, float(second)
        return weight / max(np.linalg.norm(weight), 1e-12) * np.exp(second), 0.0

    def convolution(
        self,
        value: str,
        weight: Array,
        bias: Array,
        groups: int,
        dense: bool,
        stride: int = 1,
        pads: tuple[int, int, int, int] = (0, 0, 0, 0),
    ) -> str:
        """Add a convolution, grouped or with zeros between the groups."""
        if dense and groups > 1 and weight.shape[1] > 1:
            weight, groups = _spread(weight, groups), 1
        return self.build.add(
            "convolution",
            value,
            channels=len(weight),
            arrays={"weight": weight, "bias": bias},
            stride=stride,
            pads=pads,
            groups=groups,
        )


def _spread(weight: Array, groups: int) -> Array:
    """Return the dense weights of a grouped convolution: zero between groups."""
    out, each = len(weight) // groups, weight.shape[1]
    spread = np.zeros((len(weight), each * groups, *weight.shape[2:]))
    for group in range(groups):
        rows = slice(group * out, (group + 1) * out)
        spread[rows, group * each : (group + 1) * each] = weight[rows]
    return spread


def _pads(kernel: int, side: int) -> tuple[int, int, int, int]:
    """Return top, left, bottom, right, as `taxonomy.nets.layers.ConvNorm` pads."""
    if kernel % 2:
        return (kernel // 2,) * 4
    more = -side % kernel
    return (0, 0, more, more)


def _resnet(
    to: _Lowering, value: str, weights: Weights, _: Block, nodes: int, __: int, dense: bool
) -> str:
    changed = value
    for name in ("first", "second"):
        weight, bias = weights.below(name).folded()
        changed = to.convolution(changed, weight, bias, nodes, dense, 1, (1, 1, 1, 1))
        if name == "first":
            changed = to.build.add("relu", changed)
    return to.build.add("relu", to.build.add("add", changed, value))


def _bottleneck(
    to: _Lowering, value: str, weights: Weights, _: Block, nodes: int, __: int, dense: bool
) -> str:
    changed = value
    for name, edge in (("narrow", 0), ("spatial", 1), ("widen", 0)):
        weight, bias = weights.below(name).folded()
        changed = to.convolution(changed, weight, bias, nodes, dense, 1, (edge,) * 4)
        if name != "widen":
            changed = to.build.add("relu", changed)
    return to.build.add("relu", to.build.add("add", changed, value))


def _convnext(
    to: _Lowering,
    value: str,
    weights: Weights,
    block: Block,
    nodes: int,
    width: int,
    dense: bool,
) -> str:
    edge = (block.kernel // 2,) * 4
    weight, bias = weights.below("spatial").folded()
    changed = to.convolution(value, weight, bias, nodes * width, False, 1, edge)
    changed = to.convolution(changed, weights["widen.weight"], weights["widen.bias"], nodes, dense)
    changed = to.build.add("gelu", changed)
    weight, bias = weights.below("narrow").folded()
    own = weights.below("recalibrate")
    if block.recalibrate == "grn":
        scale = {"weight": own["scale"]}
        changed = to.build.add("respond", changed, arrays=scale, width=width * block.expand)
        # What it adds to a channel is the same in every cell, so that the next layer's bias has it.
        shift = own["shift"].reshape(nodes, 1, -1)
        each = weight[:, :, 0, 0].reshape(nodes, width, -1)
        bias = bias + (each * shift).sum(2).reshape(-1)
    elif block.recalibrate == "se":
        pooled = to.build.add("average", changed)
        narrow = to.convolution(pooled, own["squeeze.weight"], own["squeeze.bias"], nodes, dense)
        narrow = to.build.add("relu", narrow)
        factor = to.convolution(narrow, own["excite.weight"], own["excite.bias"], nodes, dense)
        changed = to.build.add("multiply", changed, to.build.add("sigmoid", factor))
    changed = to.convolution(changed, weight, bias, nodes, dense)
    return to.build.add("add", changed, value)


BLOCKS: dict[str, Callable[[_Lowering, str, Weights, Block, int, int, bool], str]] = {
    "resnet": _resnet,
    "bottleneck": _bottleneck,
    "convnext": _convnext,
}
"""How each family's residual block is lowered."""
