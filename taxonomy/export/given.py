"""What a network brings for whoever exports it: pictures, names of its classes, and licences."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from taxonomy._core import io, shipped
from taxonomy._core.errors import DataError, ExportError
from taxonomy._core.folders import SPLITS
from taxonomy.data import DataRequest, Pictures, get_data
from taxonomy.export.pictures import of_classes, read
from taxonomy.labels import LabelSet, get_labels
from taxonomy.nets.hierarchical import HierarchicalNet, Source, weights_digest
from taxonomy.predictions import Predictions
from taxonomy.training.run import Run, is_finished
from taxonomy.training.start import run_data
from taxonomy.trees.content import content_of


@dataclass(frozen=True)
class Given:
    """What an export is measured and calibrated on.

    Args:
        shipped: the shipped network's name, if it is one.
        data: the calibrating data set, all of it.
        pictures: of one split, of all classes.
        part: those of the expert's classes.
        predictions: stored ones of the network.
    """

    shipped: str
    data: Pictures | None
    pictures: Pictures | None
    part: Pictures | None
    predictions: Predictions | None


def given_for(
    net: HierarchicalNet | Path | str,
    whole: HierarchicalNet,
    expert: HierarchicalNet,
    smaller: bool,
    calibration: Pictures | DataRequest | Path | str | None,
    pictures: Pictures | None,
    predictions: Predictions | None,
) -> Given:
    """Return the calibrating data set, the pictures to measure on, and stored predictions.

    Args:
        net: as it was named.
        whole: that network, at the width that is wanted.
        expert: what is exported of it.
        smaller: whether it will be int8, which is never written without pictures.
        calibration: a data set, or a folder of one; where left out, the network's own.
        pictures: to measure on.
        predictions: stored ones, where there are no pictures.

    Raises:
        ExportError: int8 is asked for, and no pictures tell what it loses.
        DataError: pictures of one of the classes are missing.
    """
    data = None
    if smaller or calibration is not None:
        data = read(_data_of(net, whole) if calibration is None else calibration, expert)
    if pictures is None and predictions is None:
        if data is not None and SPLITS.index("val") in data.splits:
            pictures = data.part("val")
        else:
            pictures, predictions = _own(net, whole.width)
    if smaller and pictures is None:
        raise ExportError(
            "What int8 loses is measured on validation pictures, and there are none; give them as "
            "`pictures`, or a data set with a validation split as `calibration`."
        )
    part = None if pictures is None else of_classes(pictures, expert)
    name = "" if isinstance(net, HierarchicalNet) else str(net)
    name = name if shipped.find(name, "networks", ".safetensors") else ""
    return Given(name, data, pictures, part, predictions)


def _own(
    net: HierarchicalNet | Path | str, width: float
) -> tuple[Pictures | None, Predictions | None]:
    """Return what a network's name brings: a shipped one's pictures, a run's predictions."""
    if isinstance(net, HierarchicalNet):
        return None, None
    if shipped.find(str(net), "networks", ".safetensors"):
        return get_data(str(net).partition("/")[0]).part("val"), None
    run = Path(net)
    return None, Run(run).predictions("val", width) if is_finished(run) else None


def _data_of(net: HierarchicalNet | Path | str, whole: HierarchicalNet) -> DataRequest | str:
    """Return the data set that a network was trained on.

    Raises:
        ExportError: nobody knows.
    """
    if found := own_data(net, whole):
        return found
    raise ExportError(
        "What int8 loses is measured on validation pictures of the classes, and ranges are seen on "
        "their training pictures; name a data set that has them as `calibration`, such as a folder "
        "of class folders."
    )


def own_data(net: HierarchicalNet | Path | str, whole: HierarchicalNet) -> DataRequest | str | None:
    """Return the data set that a network was trained on; None where nobody knows.

    Args:
        net: a network, or what one is named by.
        whole: that network.
    """
    if name := _shipped_set(whole.source):
        return name
    if not isinstance(net, HierarchicalNet) and is_finished(Path(net)):
        with suppress(DataError):  # trained on pictures in memory
            return run_data(Path(net))
    return None


def identity_of(
    net: HierarchicalNet, labels: LabelSet | Path | str | None, kept: tuple[str, ...]
) -> dict[str, io.Json]:
    """Return what an expert tells apart, and what it was cut from.

    Args:
        net: the expert.
        labels: names and WordNet ids of its classes; a shipped network brings its own.
        kept: the classes asked for; the others are only refused by.
    """
    source = net.source
    labels = labels or _shipped_set(source) or None
    known = None if labels is None else get_labels(labels)
    held = {} if known is None else {label.id: label for label in known}
    described = []
    for name in net.classes:
        entry: dict[str, io.Json] = {"id": name}
        if name not in kept:
            entry["rejected"] = True
        if name in held:
            entry |= {"name": held[name].name}
            entry |= {"wnid": held[name].wnid} if held[name].wnid else {}
        described.append(entry)
    return {
        "labels": described,
        "tree": content_of(net.hierarchy),
        "width": net.width,
        "weights": weights_digest(net),
        "source": None if source is None else asdict(source),
    }


def _shipped_set(source: Source | None) -> str:
    """Return the label set of a shipped network, wherever its file lies; empty for others."""
    digests = {digest: name for name, digest in shipped.index().items()}
    return digests.get(source.sha256, "").partition("/")[0] if source else ""


def licences_of(net: HierarchicalNet) -> dict[str, str]:
    """Return the licences of a network's weights and data, as far as they are known."""
    if not _shipped_set(net.source):
        return {"weights": "not stated", "data": "not stated"}
    return {
        "weights": "MIT, taxonomy-experts",
        "data": "icons of many open sets, each under its own licence: NOTICE of taxonomy-experts",
    }
