"""`recommend`: which network, format and precision to take for some classes, and the command."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from taxonomy._core import shipped
from taxonomy._core.checked import check_several
from taxonomy._core.errors import ExportError, LabelError, MissingExtraError, check_choice
from taxonomy._core.registry import require
from taxonomy.export.bundling import TARGETS
from taxonomy.export.candidates import Candidate, Experts, times
from taxonomy.export.figures import difference, right_of, wilson
from taxonomy.export.recommendation import By, Recommendation, Row, keeps, price
from taxonomy.export.target import Target
from taxonomy.labels import joined_names
from taxonomy.nets.experts import chosen_classes
from taxonomy.nets.hierarchical import get_net

DEVICES = {"onnx": ("onnx", "onnxruntime"), "tflite": ("ai_edge_litert",)}
"""The targets that are looked at where none are named, with what they need installed."""

Precision = Literal["float", "int8"]


def recommend(
    classes: str | Iterable[str],
    nets: Iterable[Path | str] | None = None,
    *,
    max_bytes: float | None = None,
    max_macs: float | None = None,
    max_ms: float | None = None,
    min_accuracy: float | None = None,
    targets: Iterable[str] | None = None,
    precisions: Iterable[Precision] = ("float", "int8"),
    data: Path | str | None = None,
    measure: bool = False,
    by: By = "bytes",
) -> Recommendation:
    """Return what to take for some classes: which network, in which format and precision.

    Every expert is cut out, written and, in int8, calibrated and run: bytes and accuracy are
    measured. Accuracy is that among these classes on their validation pictures, the same for all,
    so that differences are judged in pairs. A flat network's expert is the network masked to the
    classes. A network that was trained at several widths gives a choice for each of them. Answers
    are kept in the cache, by all that they depend on.

    Args:
        classes: as `taxonomy.nets.chosen_classes` takes them: names, patterns, or a file.
        nets: runs' folders, files or shipped names; all shipped networks of these classes where
            left out.
        max_bytes: of the model's file.
        max_macs: of one picture.
        max_ms: of one picture on this machine; has all choices timed.
        min_accuracy: in [0, 1].
        targets: registered ones; ``onnx`` and ``tflite`` where left out, those that are installed.
        precisions: ``float``, ``int8`` or both.
        data: pictures that every network is scored and calibrated on, a data set or a folder of
            class folders. Where left out, a run's stored predictions are read, and a shipped
            network brings its pictures.
        measure: whether all choices are timed, in turns, on one thread.
        by: what makes a choice cheaper: ``bytes``, ``macs`` or ``ms``, which has them timed.

    Raises:
        LabelError: a class is unknown to one of the networks, or no network knows them all.
        DataError: nothing says which pictures a network is to be scored on, or there are none.
        ExportError: a limit is none, or nothing can be exported.
        FileFormatError: there is no such network.
        MissingExtraError: a target's package is not installed.
        RegistryError: there is no such target.

    >>> found = recommend(["cat", "dog", "horse"], ["icons/tree"], precisions=["float"])
    >>> found.choice.macs
    4210368
    """
    given = {"max_bytes": max_bytes, "max_macs": max_macs, "max_ms": max_ms}
    limits = _checked({**given, "min_accuracy": min_accuracy})
    check_choice("by", by, By, ExportError)
    check_several(precisions, "precisions", ExportError)
    asked = tuple(precisions)
    for precision in asked:
        check_choice("precisions", precision, Precision, ExportError)
    names, wanted = _networks(classes, nets)
    experts = Experts(wanted, data)
    to, missing = _targets(targets)
    found = [c for name in names for c in experts.candidates(name, to, asked)]
    if not found:
        raise ExportError(" ".join(["No network can be exported.", *experts.notes]))
    timed = measure or by == "ms" or "max_ms" in limits
    took: Sequence[float | None] = times(found) if timed else [None] * len(found)
    rows = _rows(found, took, limits, by, data)
    return Recommendation(wanted, limits, by, rows, (*missing, *experts.notes))


def _checked(limits: Mapping[str, float | None]) -> dict[str, float]:
    """Return the limits that were given.

    Raises:
        ExportError: one of them cannot be kept, or is no number.
    """
    for name, value in limits.items():
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise ExportError(f"`{name}` is no number above 0.")
        if name == "min_accuracy" and value > 1:
            raise ExportError(f"`min_accuracy={value:g}` is no share; give one from 0 to 1.")
    return {name: value for name, value in limits.items() if value is not None}


def _networks(
    classes: str | Iterable[str], nets: Iterable[Path | str] | None
) -> tuple[list[str], tuple[str, ...]]:
    """Return the networks to look at, and the classes.

    Raises:
        LabelError: a class is unknown to a network that was named, or to all shipped ones.
    """
    if nets is not None:
        check_several(nets, "networks", ExportError)
    wanted = classes if isinstance(classes, str) else tuple(classes)
    if named := list(dict.fromkeys(map(str, nets or ()))):
        return named, chosen_classes(get_net(named[0]), wanted)
    known: list[str] = []
    chosen: tuple[str, ...] = ()
    refused: LabelError | None = None
    for thing in shipped.list_shipped("networks"):
        net = get_net(thing.name)
        try:
            here = chosen_classes(net, chosen or wanted)
        except LabelError as error:
            refused = refused or error
            continue
        known, chosen = [*known, thing.name], chosen or here
    if refused and not known:
        raise LabelError(f"{refused} Of other classes than the shipped networks', name `nets`.")
    return known, chosen


def _targets(names: Iterable[str] | None) -> tuple[list[Target], list[str]]:
    """Return the targets to look at, and what is said of those that are not installed.

    Raises:
        MissingExtraError: none of the usual ones is.
    """
    if names is not None:
        check_several(names, "targets", ExportError)
        return [TARGETS.resolve(name, {}) for name in dict.fromkeys(names)], []
    found, missing = list[Target](), list[str]()
    for name, modules in DEVICES.items():
        try:
            for module in modules:
                require(module)
        except MissingExtraError as error:
            missing.append(f"{name} is left out: {error}")
        else:
            found.append(TARGETS.resolve(name, {}))
    if not found:
        raise MissingExtraError(" ".join(missing))
    return found, missing


def _rows(
    found: Sequence[Candidate],
    took: Sequence[float | None],
    limits: Mapping[str, float],
    by: By,
    data: Path | str | None,
) -> tuple[Row, ...]:
    """Return the choices, compared with one another and with the limits."""
    rows = []
    for one, ms in zip(found, took, strict=True):
        count = len(one.predictions)
        right = int(right_of(one.predictions).sum())
        low, high = wilson(right, count)
        row = Row(
            network=one.network,
            width=one.width,
            kind="masked" if one.masked else "expert",
            target=one.target,
            precision=one.precision,
            params=one.params,
            macs=one.macs,
            bytes=one.bytes,
            foretold=one.foretold,
            accuracy=right / count,
            low=low,
            high=high,
            pictures=count,
            ms=ms,
            command=_command(one, data),
        )
        fails = tuple(name for name in limits if not keeps(row, name, limits[name]))
        rows.append((dataclasses.replace(row, fails=fails), one.predictions))
    kept = [pair for pair in rows if not pair[0].fails] or rows
    _, best = min(kept, key=lambda pair: (-pair[0].accuracy, price(pair[0], by)))
    made = []
    for row, predictions in rows:
        behind, low, high = (0.0,) * 3 if predictions is best else difference(best, predictions)
        front = not any(_beats(other, row) for other, _ in rows)
        made.append(
            dataclasses.replace(row, front=front, behind=behind, behind_low=low, behind_high=high)
        )
    return tuple(sorted(made, key=lambda row: (len(row.fails) > 0, price(row, by))))


def _beats(one: Row, other: Row) -> bool:
    """Return whether one choice is better in a figure and as good in the others, for one target."""
    figures: list[Callable[[Row], float]] = [
        lambda row: row.bytes,
        lambda row: row.macs,
        lambda row: -row.accuracy,
        lambda row: row.ms or 0,
    ]
    gaps = [figure(one) - figure(other) for figure in figures]
    return one.target == other.target and max(gaps) <= 0 and min(gaps) < 0


def _command(one: Candidate, data: Path | str | None) -> str:
    """Return the command that makes a choice, as a shell reads it."""
    net = f"./{one.network}" if one.network.startswith("-") else one.network
    words = ["taxonomy", "extract", net]
    words += _flag("--classes", joined_names(one.expert.classes))
    if one.width != 1:
        words += _flag("--width", str(one.width))
    words += _flag("--target", one.target)
    if hasattr(one.to, "precision"):
        words += _flag("--precision", one.precision)
    if data is not None:
        words += _flag("--data", str(data))
    last = Path(one.network).name.removesuffix(".safetensors")
    last += "" if one.width == 1 else f"-{one.width}"
    return shlex.join([*words, *_flag("--out", f"{last}-{one.target}-{one.precision}")])


def _flag(name: str, value: str) -> list[str]:
    """Return a flag with its value, in one word where the value would be taken for a flag."""
    return [f"{name}={value}"] if value.startswith("-") else [name, value]
