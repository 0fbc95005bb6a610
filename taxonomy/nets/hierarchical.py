"""`HierarchicalNet`: a shared trunk, then nested branches shaped by a hierarchy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import save as safetensors_bytes
from torch import Tensor, nn

from taxonomy._core import io, shipped
from taxonomy._core.checked import check_kind, check_path
from taxonomy._core.decoding import decode, parse_json
from taxonomy._core.endings import NETWORKS, check_ending
from taxonomy._core.errors import FileFormatError, SpecError, TaxonomyError, did_you_mean, naming
from taxonomy.data import Preprocessing
from taxonomy.design.blocks import check_width
from taxonomy.design.costs import cost, entry_costs
from taxonomy.design.spec import NetSpec
from taxonomy.nets._weights import read_weights
from taxonomy.nets.branches import BranchPack, LeafHeads, plan
from taxonomy.nets.trunk import build_trunk
from taxonomy.trees.hierarchy import Hierarchy

FORMAT = "taxonomy-net"


@dataclass(frozen=True)
class Source:
    """The file that a network was read from, or that an expert was cut from.

    Args:
        name: a shipped network's, such as ``icons/tree``, else the last part of the path.
        sha256: of the file.
        hierarchy: digest of the tree in it.
        classes: how many it tells apart.
        params: its parameters.
        macs: its multiply-accumulates of one picture.
        bytes: of the file.
    """

    name: str
    sha256: str
    hierarchy: str
    classes: int
    params: int
    macs: int
    bytes: int


@dataclass(frozen=True)
class Description:
    """What a network's file says beside the weights.

    Args:
        version: of the format.
        spec: the shape of the network.
        hierarchy: the content of its tree's JSON.
        preprocessing: how it reads pictures; files of before it was written hold none, and there
            was but one then.
        source: the file that it was cut from.
        widths: the narrower widths whose normalisations are there too.
        width: the share of the channels of the network that it was cut from.

    Raises:
        FileFormatError: the width is no share.
    """

    version: int
    spec: NetSpec
    hierarchy: dict[str, io.Json]
    preprocessing: Preprocessing | None = None
    source: Source | None = None
    widths: tuple[float, ...] = ()
    width: float = 1.0

    def __post_init__(self) -> None:
        """Check the width, which others print and compute with."""
        check_width(self.width, "width", FileFormatError)


class HierarchicalNet(nn.Module):
    """A network shaped by a tree: a trunk, levels of branches and one head per leaf.

    A node reads its parent's map and nothing of its siblings', so that any subset of classes can
    be cut out exactly (`taxonomy.nets.experts.extract`). A flat network is one over a star tree,
    and an expert is one over a restricted tree.

    Args:
        spec: the shape of trunk and levels.
        hierarchy: the tree; an expert's remembers how many classes each node had.

    Raises:
        SpecError: the hierarchy has nodes deeper than there are levels, or the network would be too
            large.
    """

    def __init__(self, spec: NetSpec, hierarchy: Hierarchy) -> None:
        check_kind(spec, NetSpec, "the specification", SpecError)
        check_kind(hierarchy, Hierarchy, "the tree", SpecError)
        super().__init__()
        entry_costs(spec, hierarchy)  # refuses what is too large before memory is taken
        self.spec = spec
        self.hierarchy = hierarchy
        self.layout = plan(spec, hierarchy)
        self.trunk = build_trunk(spec)
        self.packs = nn.ModuleList(
            BranchPack(spec, self.layout, index) for index in range(1, len(self.layout))
        )
        self.heads = nn.ModuleDict(
            {
                str(i): LeafHeads(pack, spec.head == "cosine")
                for i, pack in enumerate(self.layout)
                if pack.leaves
            }
        )
        answered = [leaf for pack in self.layout for leaf in pack.leaves]
        column = {entry: i for i, entry in enumerate(answered)}
        order = [column[int(entry)] for entry in hierarchy.leaf_entries]
        self.order: Tensor
        self.register_buffer("order", torch.tensor(order), persistent=False)
        self.source: Source | None = None
        self.width = 1.0
        """The share of the channels that it has of the network that it was cut from."""
        self.narrower: dict[float, dict[str, Tensor]] = {}
        """By width the normalisations of the narrower networks that its first channels are
        (`taxonomy.nets.widths`), per node as `unpacked_state` names them."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The label ids, in the order of the logits."""
        return self.hierarchy.leaves

    @property
    def widths(self) -> tuple[float, ...]:
        """The shares of the channels that it can be cut to, the widest first."""
        return (1.0, *sorted(self.narrower, reverse=True))

    @property
    def preprocessing(self) -> Preprocessing:
        """How pictures become the network's input."""
        return Preprocessing(self.spec.resolution)

    def forward(self, x: Tensor) -> Tensor:
        """Map pictures (B, channels, resolution, resolution) to logits (B, classes)."""
        maps = [self.trunk(x)]
        for pack in self.packs:
            maps.append(pack(maps))
        logits = [head(maps[int(i)]) for i, head in self.heads.items()]
        return torch.cat(logits, dim=1).index_select(1, self.order)


def build_net(spec: NetSpec, hierarchy: Hierarchy, seed: int | None = None) -> HierarchicalNet:
    """Return a freshly initialised network; with a seed, always the same one.

    Raises:
        SpecError: the hierarchy has nodes deeper than there are levels.
    """
    if seed is None:
        return HierarchicalNet(spec, hierarchy)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return HierarchicalNet(spec, hierarchy)


@contextmanager
def evaluating(net: nn.Module) -> Iterator[None]:
    """Bring a network to evaluation mode, and afterwards every part of it to the mode it was in."""
    was_training = [module.training for module in net.modules()]
    net.eval()
    try:
        yield
    finally:
        for module, training in zip(net.modules(), was_training, strict=True):
            module.training = training


def unpacked_state(net: HierarchicalNet) -> dict[str, Tensor]:
    """Return the weights per node, independent of how levels are packed; views, not copies.

    Keys are ``trunk.<name>``, ``node.<entry>.<name>`` and ``leaf.<entry>.<name>``, with the
    hierarchy's entries.
    """
    state = {
        f"trunk.{name}": tensor
        for name, tensor in net.trunk.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    for pack, layout in zip(net.packs, net.layout[1:], strict=True):
        for name, tensor in pack.state_dict().items():
            if name.endswith("num_batches_tracked"):
                continue
            share = len(tensor) // len(layout.nodes)
            for position, node in enumerate(layout.nodes):
                state[f"node.{node}.{name}"] = tensor[position * share : (position + 1) * share]
    for i, head in net.heads.items():
        for position, leaf in enumerate(net.layout[int(i)].leaves):
            for name, tensor in head.state_dict().items():
                state[f"leaf.{leaf}.{name}"] = tensor[position]
    return state


def is_of_a_norm(name: str) -> bool:
    """Return whether a tensor of this name is of a batch normalisation."""
    return ".norm." in name


def load_unpacked_state(net: HierarchicalNet, state: Mapping[str, Tensor]) -> None:
    """Copy per-node weights into a network.

    Raises:
        FileFormatError: a tensor is missing, superfluous, or of another shape.
    """
    target = unpacked_state(net)
    for name in sorted(target.keys() ^ state.keys()):
        kind = "lacks" if name in target else "has no place for"
        raise FileFormatError(f"The weights do not fit: the file {kind} {name!r}.")
    with torch.no_grad():
        for name, tensor in target.items():
            if not state[name].is_floating_point():
                raise FileFormatError(f"The weights {name!r} are {state[name].dtype}.")
            if tensor.shape != state[name].shape:
                raise FileFormatError(
                    f"The weights do not fit: {name!r} needs shape {tuple(tensor.shape)} and has "
                    f"{tuple(state[name].shape)}."
                )
            tensor.copy_(state[name])


def save_net(path: Path | str, net: HierarchicalNet) -> None:
    """Write a network atomically as one safetensors file that holds tree and spec too.

    Raises:
        TaxonomyError: something else than a network is given.
        FileFormatError: the file's name does not end in .safetensors.
        WriteError: the file cannot be written.
    """
    check_kind(net, HierarchicalNet, "the network", TaxonomyError)
    check_path(path, "the network's file", FileFormatError)
    check_ending(path, NETWORKS)
    io.write_bytes(path, net_bytes(net))


def net_bytes(net: HierarchicalNet) -> bytes:
    """Return the safetensors file of a network, with its tree, specification and preprocessing."""
    tensors = unpacked_state(net)
    widths = sorted(net.narrower)
    for place, width in enumerate(widths):
        tensors |= {f"widths.{place}.{name}": t for name, t in net.narrower[width].items()}
    state = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
    description: dict[str, io.Json] = {
        "version": 1,
        "spec": net.spec.to_dict(),
        "hierarchy": json.loads(net.hierarchy.to_json()),
        "preprocessing": net.preprocessing.to_dict(),
    }
    if widths:
        description["widths"] = widths
    if net.width != 1:
        description["width"] = net.width
    own = net.hierarchy.digest, cost(net.spec, net.hierarchy).params
    if net.source is not None and (net.source.hierarchy, net.source.params) != own:  # it was cut
        description["source"] = asdict(net.source)
    # One key, because safetensors writes several in no fixed order.
    header = {FORMAT: io.canonical_json(description)}
    return safetensors_bytes(state, header)


def get_net(name: HierarchicalNet | Path | str) -> HierarchicalNet:
    """Return a trained network, in evaluation mode: shipped, from a file, or of a run.

    Args:
        name: a file, a folder, a name such as ``icons/tree``, or a network, which is returned as
            it is.

    Raises:
        FileFormatError: the file is missing, damaged, or no network of this toolkit.
        TaxonomyError: something else than a network or a name is given.
    """
    if not isinstance(name, str | Path):
        check_kind(name, HierarchicalNet, "the network", TaxonomyError)
        return name
    found = shipped.find(str(name), "networks", ".safetensors")
    path, called = found or Path(name), str(name) if found else Path(name).name
    if path.is_dir():
        path = path / "model.safetensors"
    if not path.is_file():
        _refuse_program(path.parent)
        known = shipped.names("networks", ".safetensors")
        if shipped.find(str(name), "trees", ".json") is not None:
            raise FileFormatError(f"{name}: is a shipped tree; {_WANTED}: {', '.join(known)}.")
        raise FileFormatError(
            f"{path}: no such network.{did_you_mean(str(name), known)} Name a shipped one "
            f"({', '.join(known)}), or make one: taxonomy train."
        )
    _refuse_tree(path)
    texts, state = read_weights(path)
    with naming(path, FileFormatError):
        if FORMAT not in texts:
            raise FileFormatError(f"not a {FORMAT} file; make one: taxonomy train.")
        content = decode(Description, parse_json(texts[FORMAT], "its description"), "description")
        if content.version != 1:
            raise FileFormatError(f"version {content.version} is not readable.")
        hierarchy = Hierarchy.from_content(content.hierarchy, "its hierarchy")
        needed = int(entry_costs(content.spec, hierarchy)[0].sum())
        if needed > (held := sum(tensor.numel() for tensor in state.values())):
            raise FileFormatError(f"The weights do not fit: {held:,} of {needed:,} are there.")
        net = HierarchicalNet(content.spec, hierarchy)
        if content.preprocessing not in (None, net.preprocessing):
            raise FileFormatError("its preprocessing has another resolution than its network.")
        net.narrower, net.width = _narrower(net, content.widths, state), content.width
        load_unpacked_state(net, state)
        net.source = content.source or _source(called, path, net)
    return net.eval()


def _narrower(
    net: HierarchicalNet, widths: tuple[float, ...], state: dict[str, Tensor]
) -> dict[float, dict[str, Tensor]]:
    """Take the normalisations of narrower widths out of a file's tensors.

    Raises:
        SpecError: the network has no such width.
        FileFormatError: a tensor is missing, superfluous, or of another shape.
    """
    found: dict[float, dict[str, Tensor]] = {}
    for place, width in enumerate(widths):
        start = f"widths.{place}."
        names = [name for name in state if name.startswith(start)]
        found[width] = {name.removeprefix(start): state.pop(name) for name in names}
        narrow = build_net(net.spec.narrowed(width), net.hierarchy, seed=0)
        others = {n: t for n, t in unpacked_state(narrow).items() if not is_of_a_norm(n)}
        load_unpacked_state(narrow, {**found[width], **others})
    return found


_WANTED = "a network is wanted: a run's folder, a network's file, or a shipped one"


def _refuse_program(folder: Path) -> None:
    """Refuse what was exported for a device, naming the program in it.

    Raises:
        FileFormatError: there is one.
    """
    for kind, program in (("bundle", "run.py"), ("bank", "bank.py")):
        if (folder / program).is_file():
            raise FileFormatError(
                f"{folder}: a {kind} for another runtime; run it: python {folder}/{program}"
            )


def _refuse_tree(path: Path) -> None:
    """Refuse the toolkit's file of a tree by its first words.

    Raises:
        FileFormatError: it is one.
    """
    with path.open("rb") as file:
        if b'"taxonomy-hierarchy"' in file.read(200):
            raise FileFormatError(f"{path}: is a tree; {_WANTED}, such as icons/tree.")


def _source(called: str, path: Path, net: HierarchicalNet) -> Source:
    whole = cost(net.spec, net.hierarchy)
    size = path.stat().st_size
    digests = io.file_digest(path), net.hierarchy.digest
    return Source(called, *digests, len(net.classes), whole.params, whole.macs, size)


def weights_digest(net: HierarchicalNet) -> str:
    """Return the sha256 of a network's weights."""
    state = unpacked_state(net)
    return io.array_digest(*(state[name].detach().cpu().numpy() for name in sorted(state)))
