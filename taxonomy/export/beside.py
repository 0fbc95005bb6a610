"""Beside an expert: the shipped flat networks, masked to the same classes."""

from __future__ import annotations

from taxonomy._core import io, shipped
from taxonomy.data import Pictures
from taxonomy.design.costs import cost
from taxonomy.export.answering import answers_of
from taxonomy.export.figures import accuracy_of, difference
from taxonomy.export.target import Target
from taxonomy.nets.experts import extract
from taxonomy.nets.hierarchical import HierarchicalNet, get_net
from taxonomy.predictions import Predictions


def masked_beside(
    name: str, to: Target, kept: tuple[str, ...], part: Pictures, own: Predictions
) -> list[dict[str, io.Json]]:
    """Return what the flat networks that ship beside another one are for some classes, in floats.

    A thin one may be all that is needed, so a card says what it costs and how good it is.

    Args:
        name: of the shipped network that the expert is cut from.
        to: in whose format they are written, to be weighed.
        kept: the expert's classes.
        part: validation pictures, of these classes among others.
        own: the expert's answers for them.
    """
    found = []
    part = part.restrict(kept)
    others = (thing.name for thing in shipped.list_shipped("networks") if thing.name != name)
    for network in others:
        other = get_net(network)
        if not _comparable(other, part):
            continue
        cut = extract(other, kept)
        answers = answers_of(cut, part)
        whole = cost(cut.spec, cut.hierarchy)
        behind, low, high = (round(100 * share, 2) for share in difference(own, answers))
        found.append(
            {
                "network": network,
                "params": whole.params,
                "macs": whole.macs,
                "bytes": len(to.model(cut)),
                "accuracy": accuracy_of(answers),
                "points_behind": behind,
                "interval_95": [low, high],
            }
        )
    return sorted(found, key=lambda row: row["macs"])


def _comparable(net: HierarchicalNet, part: Pictures) -> bool:
    """Return whether a network is flat, knows the classes of pictures, and reads them."""
    flat = len(net.hierarchy.nodes) == 1
    known = set(part.classes) <= set(net.classes)
    return flat and known and net.spec.resolution == part.images.shape[-1]
