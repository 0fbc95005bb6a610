"""Widths: the first share of the channels of every convolution is a network of its own.

A narrower network is an ordinary one, with an ordinary specification: the first output channels of
every weight, of each node by itself, and of its input channels the first ones of every map that it
reads (slimmable networks, Yu et al. 2019, arXiv 1812.08928). A channel that sums fewer channels has
another mean and variance, so every width has batch normalisations of its own, as there; all other
weights are shared. A network that was trained at several widths (`taxonomy.training.TrainConfig`)
keeps the others' normalisations in `HierarchicalNet.narrower`, and `narrowed` cuts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.func import functional_call

from taxonomy._core.errors import SpecError
from taxonomy.design.blocks import check_width
from taxonomy.nets.branches import BranchPack, plan
from taxonomy.nets.hierarchical import (
    HierarchicalNet,
    get_net,
    is_of_a_norm,
    load_unpacked_state,
    unpacked_state,
)


def narrowed(net: HierarchicalNet, width: float) -> HierarchicalNet:
    """Return the network that the first share of another's channels is, in evaluation mode.

    Args:
        net: trained at that width too; it stays as it is.
        width: share of the channels that are kept.

    Raises:
        SpecError: the network was not trained at that width.
    """
    check_trained_at(net, width)
    narrow = HierarchicalNet(net.spec.narrowed(width), net.hierarchy)
    parameter = next(net.parameters())
    narrow.to(device=parameter.device, dtype=parameter.dtype)
    wide, cuts = net.state_dict(), _cuts(net, narrow)
    with torch.no_grad():
        for name, tensor in narrow.state_dict().items():
            tensor.copy_(cuts[name].of(wide[name]))
    if width != 1:
        load_unpacked_state(narrow, {**unpacked_state(narrow), **net.narrower[width]})
    narrow.source, narrow.width = net.source, width * net.width
    return narrow.eval()


def net_at(net: HierarchicalNet | Path | str, width: float = 1.0) -> HierarchicalNet:
    """Return a network at one of its widths, in evaluation mode; itself at the full one.

    Args:
        net: a network, a run's folder, a file, or a name such as ``icons/tree``.
        width: share of the channels that is kept, one of those that it was trained at.

    Raises:
        FileFormatError: there is no such network, or it is damaged.
        SpecError: the network was not trained at that width.
    """
    found = get_net(net)
    check_trained_at(found, width)
    return found if width == 1 else narrowed(found, width)


def check_trained_at(net: HierarchicalNet, width: float) -> None:
    """Check that a network can be cut to a width.

    Raises:
        SpecError: the width is no share, or the network was not trained at it.
    """
    if net.width != 1 and width != 1:
        raise SpecError(
            f"The network was cut to `width` {net.width:g} already; name the one that it was cut "
            "from."
        )
    check_among(net.widths, width)


def check_among(widths: Iterable[float], width: float) -> None:
    """Check that a width is one of those that a network was trained at.

    Args:
        widths: that it was trained at.
        width: the one that is wanted.

    Raises:
        SpecError: it is no share, or none of them.
    """
    check_width(width, "width", SpecError)
    if width not in (trained := sorted(widths)):
        known = ", ".join(f"{each:g}" for each in trained)
        raise SpecError(
            f"The network was trained at `width` {known}, not at {width:g}, and its channels serve "
            "no other; choose one of these, or train it with `widths`, such as "
            "`widths=(0.25, 0.5, 1)`."
        )


def check_widths(net: HierarchicalNet, widths: Iterable[float]) -> None:
    """Check that narrower networks have the same nodes side by side as a network has.

    Raises:
        SpecError: nodes of several widths would get one, or the network has one width alone.
    """
    for width in widths:
        narrow = plan(net.spec.narrowed(width), net.hierarchy)
        if [layout.nodes for layout in narrow] != [layout.nodes for layout in net.layout]:
            raise SpecError(
                f"At the width {width:g} nodes of several widths would have the same; leave it out "
                "of `widths`, or give the levels widths that differ more."
            )


@dataclass(frozen=True)
class _Cut:
    """Which part of a packed tensor is a narrower network's.

    Args:
        nodes: that lie one after another along the first dimension.
        shape: of the part.
        read: channels of every map that is read, in both networks; where there is but one map, the
            shape says it.
    """

    nodes: int
    shape: tuple[int, ...]
    read: tuple[tuple[int, int], ...] = ()

    def of(self, tensor: Tensor) -> Tensor:
        """Return the part of a tensor; a gradient goes back to it."""
        if not self.shape:
            return tensor
        if len(self.read) > 1 and tensor.ndim > 1:
            maps = torch.split(tensor, [wide for wide, _ in self.read], 1)
            kept = zip(maps, self.read, strict=True)
            tensor = torch.cat([part[:, :narrow] for part, (_, narrow) in kept], 1)
        first, *others = self.shape
        index = (slice(None), slice(first // self.nodes), *(slice(size) for size in others))
        by_node = tensor.reshape(self.nodes, -1, *tensor.shape[1:])
        return by_node[index].flatten(0, 1)


def _cuts(wide: HierarchicalNet, narrow: HierarchicalNet) -> dict[str, _Cut]:
    """Return which part of each of a network's tensors a narrower one has under the same name."""
    cuts: dict[str, _Cut] = {}
    for name, tensor in narrow.state_dict().items():
        kind, _, rest = name.partition(".")
        place, _, last = rest.partition(".")
        shape = tuple(tensor.shape)
        if kind == "trunk":
            cuts[name] = _Cut(1, shape)
        elif kind == "heads":
            cuts[name] = _Cut(len(wide.layout[int(place)].leaves), shape)
        else:
            opening = last == "stage.entry.conv.weight"
            read = _read(wide, narrow, int(place)) if opening else ()
            cuts[name] = _Cut(len(wide.layout[int(place) + 1].nodes), shape, read)
    return cuts


def _read(
    wide: HierarchicalNet, narrow: HierarchicalNet, place: int
) -> tuple[tuple[int, int], ...]:
    """Return the channels of every map that a pack reads, in both networks."""
    packs = [cast("BranchPack", net.packs[place]) for net in (wide, narrow)]
    above, below = ([width for _, width in pack.reads] for pack in packs)
    return tuple(zip(above, below, strict=True))


class Slimmable(nn.Module):
    """A network that is trained at several widths: one set of weights, normalisations a width.

    Of a narrower network only the normalisations are parameters here; its other weights are the
    first channels of the network's own, cut anew in every pass, so that gradients reach them.

    Args:
        net: the network; its normalisations start those of the narrower ones.
        widths: shares of its channels, below 1.

    Raises:
        SpecError: nodes of several widths would get one, or the network has one width alone.
    """

    def __init__(self, net: HierarchicalNet, widths: Iterable[float]) -> None:
        super().__init__()
        self.net = net
        self.widths = tuple(widths)
        check_widths(net, self.widths)
        self.narrow = nn.ModuleList()
        self._cuts: list[dict[str, _Cut]] = []
        own, device = net.state_dict(), next(net.parameters()).device
        for width in self.widths:
            narrow = HierarchicalNet(net.spec.narrowed(width), net.hierarchy).to(device)
            cuts = _cuts(net, narrow)
            with torch.no_grad():
                for name, tensor in narrow.state_dict().items():
                    if is_of_a_norm(name):
                        tensor.copy_(cuts[name].of(own[name]))
            self._cuts.append(dict(_shared(narrow, cuts)))
            self.narrow.append(narrow)

    def forward(self, x: Tensor, widths: tuple[float, ...] = ()) -> list[Tensor]:
        """Map pictures to the logits (B, classes) of the whole network and of narrower ones."""
        logits = [self.net(x)]
        own = dict(self.net.named_parameters())
        for width in widths:
            place = self.widths.index(width)
            weights = {name: cut.of(own[name]) for name, cut in self._cuts[place].items()}
            logits.append(functional_call(self.narrow[place], weights, (x,)))
        return logits

    def store(self) -> None:
        """Give the network copies of the narrower ones' normalisations, as `narrowed` wants."""
        self.net.narrower = {
            width: {
                name: tensor.detach().clone()
                for name, tensor in unpacked_state(narrow).items()
                if is_of_a_norm(name)
            }
            for width, narrow in zip(self.widths, self._narrow(), strict=True)
        }

    def _narrow(self) -> list[HierarchicalNet]:
        return [cast("HierarchicalNet", module) for module in self.narrow]


def _shared(narrow: HierarchicalNet, cuts: dict[str, _Cut]) -> Iterator[tuple[str, _Cut]]:
    """Yield the cuts of a narrower network's weights that are another's; its own are taken away."""
    for name, parameter in list(narrow.named_parameters()):
        if not is_of_a_norm(name):
            where, _, last = name.rpartition(".")
            module = narrow.get_submodule(where)
            delattr(module, last)
            module.register_buffer(last, parameter.new_empty(0), persistent=False)
            yield name, cuts[name]
