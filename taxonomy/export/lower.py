"""From a trained network to a `Graph`: normalisations folded, every order in the weights."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from taxonomy._core.errors import ExportError
from taxonomy.design.blocks import Level
from taxonomy.export.graph import Builder, Graph, Part, Port
from taxonomy.export.packs import Pack, ends_in_head, packed
from taxonomy.export.stages import (
    Array,
    Tail,
    Way,
    Weights,
    block,
    convnext_but_its_end,
    convolution,
)
from taxonomy.nets.hierarchical import HierarchicalNet, unpacked_state


def lower(
    net: HierarchicalNet,
    lowering: str = "auto",
    white: float = 255,
    runtime: str = "onnxruntime",
) -> Graph:
    """Return the graph of a network or an expert, from channel values to logits.

    The encoding (`taxonomy.data.Preprocessing`) is in it: neutral becomes 0 by a subtraction, which
    the zeros at the edges need, and the factor is in the first weights.

    Args:
        net: a trained network.
        lowering: how levels are run, one of `taxonomy.export.packs.Lowering`.
        white: the channel value of white: 255 for bytes, 1 for numbers from 0 to 1.
        runtime: the package that runs it, for which ``auto`` chooses.

    Raises:
        ExportError: the network has a timm backbone, or blocks of a family without a lowering.
        SpecError: an unknown lowering.

    >>> from taxonomy.nets import extract, get_net
    >>> graph = lower(extract(get_net("icons/tree"), ["cat", "dog", "horse"]))
    >>> sorted({step.kind for step in graph.steps})
    ['add', 'average', 'convolution', 'flatten', 'gelu', 'join', 'product', 'relu', 'subtract']
    """
    return _Lowering(net, lowering, white, runtime).graph()


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
    yield from _Lowering(net, "sliced").parts()


def leaf_weights(net: HierarchicalNet) -> list[Array]:
    """Return for every class the weights of its node's features, and last what is added."""
    lowering = _Lowering(net, "sliced")
    leaves = net.hierarchy.leaf_entries
    return [np.append(*lowering.leaf(int(entry))) for entry in leaves]


class _Lowering:
    """One lowering: the builder, and what has been built so far."""

    def __init__(
        self,
        net: HierarchicalNet,
        lowering: str,
        white: float = 255,
        runtime: str = "onnxruntime",
    ) -> None:
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
        self.packs = packed(net.spec, net.hierarchy, lowering, runtime)
        self.build = Builder()
        self.build.channels["input"] = net.spec.channels
        self.sides = [net.spec.side(depth) for depth in range(len(net.spec.levels) + 1)]
        self.maps: list[str] = []
        self.tails: dict[int, Tail] = {}

    def graph(self) -> Graph:
        """Return the graph of the whole network."""
        self.maps.append(self._trunk())
        ending = ends_in_head(self.spec, self.tree, self.packs)
        for index in range(1, len(self.packs)):
            self.maps.append(self._pack(index, index in ending))
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
            value = self._pack(index) if index else self._trunk()
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
            way = Way(1, self.packs[0].lowering, stage.block)
            if stage.opening:
                weight, bias = weights.below("entry").folded()
                if number == 0:
                    weight = weight * (encoding.scale / self.white)
                value = self._opening([(value, weight, 1)], bias, side, stage.stride, way)
            for at in range(stage.depth):
                value = block(self.build, way, value, weights.below(f"blocks.{at}"))
            side = -(-side // stage.stride)
        return value

    def _pack(self, index: int, ends: bool = False) -> str:
        """Add a pack's stage.

        Args:
            index: which pack.
            ends: whether the end of its last block is left to the head.
        """
        pack = self.packs[index]
        level = self.spec.levels[pack.depth - 1]
        weights = Weights(self.state, [f"node.{node}.stage." for node in pack.nodes])
        way = Way(len(pack.nodes), pack.lowering, level.block)
        if level.opening:
            value = self._opened(pack, level, weights, way)
        else:
            (read,) = self._reads(pack)
            value = self._copied(self._slice(read), len(pack.nodes), len(read.nodes))
        for at in range(level.depth - ends):
            value = block(self.build, way, value, weights.below(f"blocks.{at}"))
        if ends:
            last = weights.below(f"blocks.{level.depth - 1}")
            self.tails[index] = convnext_but_its_end(self.build, way, value, last)
        return self._gated(value, pack, way) if self.spec.nesting == "gate" else value

    def _opened(self, pack: Pack, level: Level, weights: Weights, way: Way) -> str:
        """Add the opening convolution of a pack: a sum over the maps that its nodes read."""
        weight, bias = weights.below("entry").folded()
        reads, start = [], 0
        for read in self._reads(pack):
            stop = start + read.width
            value = self._pooled(self._slice(read), read.depth, pack.depth - 1)
            reads.append((value, weight[:, start:stop], len(read.nodes)))
            start = stop
        return self._opening(reads, bias, self.sides[pack.depth - 1], level.stride, way)

    def _copied(self, value: str, nodes: int, parents: int) -> str:
        """Add for every node a copy of its parent's map; a parent's nodes lie together."""
        each, channels = nodes // parents, self.build.channels[value]
        if each == 1:
            return value
        width = channels // parents
        slices = [value]
        if parents > 1:
            starts = range(0, channels, width)
            slices = [
                self.build.add("slice", value, channels=width, start=at, stop=at + width)
                for at in starts
            ]
        copies = [part for part in slices for _ in range(each)]
        return self.build.add("join", *copies, channels=width * nodes)

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
        wide = self.build.channels[value] // held
        start, stop = (wide * at for at in (read.first, read.first + len(read.nodes)))
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
        self, reads: list[tuple[str, Array, int]], bias: Array, side: int, stride: int, way: Way
    ) -> str:
        """Add a stage's first convolution of maps, each of so many nodes."""
        kernel = way.block.record.opening(stride)
        pads = _pads(kernel, side)
        value = ""
        for number, (read, weight, held) in enumerate(reads):
            shift = bias if number == 0 else 0 * bias
            part = convolution(self.build, way, read, weight, shift, held, stride, pads)
            value = self.build.add("add", value, part) if number else part
        return self.build.add("relu", value) if way.block.record.opening_relu else value

    def _gated(self, value: str, pack: Pack, way: Way) -> str:
        (read,) = self._reads(pack)
        pooled = self.build.add("average", self._slice(read))
        weight = np.stack([self.state[f"node.{node}.gate.weight"][0] for node in pack.nodes])
        bias = np.concatenate([self.state[f"node.{node}.gate.bias"] for node in pack.nodes])
        weight = np.repeat(weight, pack.width, axis=0)[:, :, None, None]
        bias = np.repeat(bias, pack.width)
        score = convolution(self.build, way, pooled, weight, bias, pack.parents)
        factor = self.build.add("scale", self.build.add("sigmoid", score), factor=2.0)
        return self.build.add("multiply", value, factor)

    def _head(self) -> None:
        """Add the averages of all maps with leaves and one product; a leaf reads its own node."""
        leaves = {int(entry): column for column, entry in enumerate(self.tree.leaf_entries)}
        pooled: list[str] = []
        rows: list[Array] = []
        bias = np.zeros(len(leaves))
        for index, pack in enumerate(self.packs):
            own = [
                (position, entry, leaves[entry])
                for position, node in enumerate(pack.nodes)
                for entry in map(int, self.tree.children(node))
                if entry in leaves
            ]
            if not own:
                continue
            weight = np.zeros((len(pack.nodes), pack.width, len(leaves)))
            for position, entry, column in own:
                weight[position, :, column], bias[column] = self.leaf(entry)
            if tail := self.tails.get(index):
                bias += np.tensordot(tail.bias.reshape(weight.shape[:2]), weight, 2)
                narrow = tail.weight.reshape(*weight.shape[:2], -1)
                rows.append(self._rows(tail.read, np.einsum("now,nol->nwl", narrow, weight)))
                pooled.append(self._features(tail.read, pack))
            rows.append(self._rows(self.maps[index], weight))
            pooled.append(self._features(self.maps[index], pack))
        value = pooled[0]
        if len(pooled) > 1:
            channels = sum(self.build.channels[part] for part in pooled)
            value = self.build.add("join", *pooled, channels=channels)
        product = {"weight": np.concatenate(rows), "bias": bias}
        self.build.add("product", value, channels=len(leaves), arrays=product)

    def _rows(self, value: str, weight: Array) -> Array:
        """Return weights (nodes, channels, classes) as rows, zero where a map is padded."""
        more = self.build.channels[value] // len(weight) - weight.shape[1]
        return np.pad(weight, [(0, 0), (0, more), (0, 0)]).reshape(-1, weight.shape[2])

    def _features(self, value: str, pack: Pack) -> str:
        """Add what the leaves of a map's nodes read: its average."""
        wide = self.build.channels[value] // len(pack.nodes)
        value = self.build.add("flatten", self.build.add("average", value))
        return self.build.add("unit", value, width=wide) if self.spec.head == "cosine" else value

    def leaf(self, entry: int) -> tuple[Array, float]:
        """Return by what a leaf multiplies its node's features, and what it adds."""
        weight, second = (self.state[f"leaf.{entry}.{n}"] for n in ("weight", "bias"))
        if self.spec.head != "cosine":
            return weight, float(second)
        return weight / max(np.linalg.norm(weight), 1e-12) * np.exp(second), 0.0


def _pads(kernel: int, side: int) -> tuple[int, int, int, int]:
    """Return top, left, bottom, right, as `taxonomy.nets.layers.ConvNorm` pads."""
    if kernel % 2:
        return (kernel // 2,) * 4
    more = -side % kernel
    return (0, 0, more, more)
