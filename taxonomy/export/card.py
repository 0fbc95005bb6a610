"""The card of a bundle: what a person reads before putting it on a device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from taxonomy._core.decoding import decode
from taxonomy._core.io import Json
from taxonomy._core.markup import in_markdown
from taxonomy._core.spelling import counted, with_width
from taxonomy.export.programs import BESIDE


def card(manifest: Mapping[str, Json]) -> str:
    """Return a bundle's card as Markdown.

    Args:
        manifest: the content of its ``bundle.json``.
    """
    names = [in_markdown(name) for name in names_kept(manifest)]
    source, licences, width = manifest["source"], manifest["licences"], manifest["width"]
    many = counted(source["classes"] if source else len(names), "class")
    part = f"{len(names)} of " if source else ""
    whose = with_width("that network's", width)
    origin = (
        f"Cut out of `{source['name']}` (sha256 `{source['sha256']}`, tree "
        f"`{source['hierarchy']}`), without retraining: its outputs are {whose}"
        f"{', rounded to int8' if 'calibration' in manifest else ''}."
        if source
        else f"{with_width('Exported from a network in memory', width)}."
    )
    how = manifest["preprocessing"]
    side = how["resolution"]
    run = (
        f"```\npip install numpy {_runtime(manifest)} pillow\n"
        "python run.py               # self-test and latency on this device\n"
        "python run.py picture.jpg   # its classes\n```\n"
        if "run.py" in manifest["files"]
        else '```\npip install "taxonomy-experts[train]"\ntaxonomy predict '
        f"{manifest['model']} picture.jpg\n```\n"
    )
    return (
        f"# {part}{many}\n\n{', '.join(names)}\n\n{origin}\n\n"
        f"## Run it\n\n{run}\n"
        f"## Figures\n\n```text\n{figures_table(manifest)}\n```\n\n{_accuracy(manifest)}\n\n"
        f"{_beside(manifest)}"
        f"## Input and output\n\n"
        f"{_input(manifest)} Pictures are turned as their EXIF orientation says, put on white, "
        f"scaled to cover {side} × {side} pixels ({how['resampling']}) and cropped in the centre. "
        "The output are logits in the order of `labels.txt`; softmax makes them probabilities "
        f"among these classes. {_refusing(manifest)}\n\n"
        f"## Licences\n\n- weights: {licences['weights']}\n- training data: {licences['data']}\n"
    )


def names_kept(manifest: Mapping[str, Json]) -> list[str]:
    """Return the label ids that a bundle answers, without those that it has to refuse by."""
    return [label["id"] for label in manifest["labels"] if not label.get("rejected")]


def _refusing(manifest: Mapping[str, Json]) -> str:
    """Return what a bundle does with pictures of other classes."""
    if "reject" not in manifest:
        return "Whatever else is shown is called one of them, too."
    how, others = manifest["reject"], len(manifest["labels"]) - len(names_kept(manifest))
    known = how["measured"]
    text = (
        f"`run.py` answers *none of these* where the score `{how['method']}` is below "
        f"{how['threshold']:.4g}"
    )
    if others:
        text += f"; {others} of the outputs are of classes beside these, by which it refuses"
    shares = []
    for name, what in (
        ("kept", "of pictures of these classes"),
        ("near", "of the classes beside them"),
        ("far", "of all others"),
    ):
        if name in known:
            shares.append(f"{known[name]['accepted']:.0%} {what} ({known[name]['pictures']})")
    return f"{text}. It accepts {', '.join(shares)}; {known['split']} split."


@dataclass(frozen=True)
class _Label:
    """A class of a bundle."""

    id: str
    rejected: bool = False


@dataclass(frozen=True)
class _Size:
    """What a network has and does."""

    params: int
    macs: int
    bytes: int


@dataclass(frozen=True)
class _Own(_Size):
    """What the expert has and does."""

    peak_activation_bytes: int


@dataclass(frozen=True)
class _Source(_Size):
    """What the network has and does that the expert was cut from."""

    classes: int


@dataclass(frozen=True)
class _Latency:
    """How long a picture takes."""

    median_ms: float


@dataclass(frozen=True)
class _Accuracy:
    """What share of pictures is told right."""

    top1: float


@dataclass(frozen=True)
class _Int8:
    """What the network is in floats that the bundle holds in int8."""

    accuracy_in_floats: _Accuracy


@dataclass(frozen=True)
class _Measured:
    """What was measured of an expert."""

    latency: _Latency
    accuracy: _Accuracy | None = None
    int8: _Int8 | None = None
    bytes_in_floats: int = 0


@dataclass(frozen=True)
class Figures:
    """What `figures_table` reads of a manifest, by which one that was read is checked."""

    labels: tuple[_Label, ...]
    cost: _Own
    source: _Source | None
    measured: _Measured
    width: float = 1.0


def _runtime(manifest: Mapping[str, Json]) -> str:
    """Return the packages that a device needs to run a bundle's model."""
    runtime = str(manifest["runtime"])
    return " ".join([runtime, *BESIDE.get(runtime, ())])


def figures_table(manifest: Mapping[str, Json]) -> str:
    """Return what an expert costs beside the network that it was cut from, as aligned text."""
    known = decode(Figures, manifest, "the manifest", closed=False, checked=True)
    own, source, measured = known.cost, known.source, known.measured
    rows = [("", "expert", "whole network" if source else "")]
    kept = len(names_kept(manifest))
    rows.append(("classes", f"{kept:,}", f"{source.classes:,}" if source else ""))
    if known.width != 1:
        rows.append(("width", f"{known.width}", "1" if source else ""))
    rows.append(("parameters", f"{own.params:,}", f"{source.params:,}" if source else ""))
    rows.append(("MACs", f"{own.macs:,}", f"{source.macs:,}" if source else ""))
    if measured.int8:
        rows.append(("bytes in floats", f"{measured.bytes_in_floats:,}", ""))
    rows.append(("bytes of the file", f"{own.bytes:,}", f"{source.bytes:,}" if source else ""))
    if not measured.int8:  # it is counted in floats
        rows.append(("peak activation bytes", f"{own.peak_activation_bytes:,}", ""))
    rows.append(("ms a picture", f"{measured.latency.median_ms:.3f}", ""))
    if measured.accuracy:
        rows.append(("accuracy", f"{measured.accuracy.top1:.1%}", ""))
    if measured.int8:
        rows.append(("accuracy in floats", f"{measured.int8.accuracy_in_floats.top1:.1%}", ""))
    wide = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(f"{a:{wide[0]}}  {b:>{wide[1]}}  {c:>{wide[2]}}".rstrip() for a, b, c in rows)


def _accuracy(manifest: Mapping[str, Json]) -> str:
    measured = manifest["measured"]
    latency = measured["latency"]
    threads = "one thread" if latency["threads"] == 1 else f"{latency['threads']} threads"
    where = (
        f"Time is the median of {latency['runs']} runs of {latency['runtime']} on {threads} "
        f"({latency['machine']}). The largest difference from the network's outputs was "
        f"{measured['largest_difference']:.1e} over {measured['compared_pictures']} pictures"
        f"{', before the numbers were rounded to int8' if 'int8' in measured else ''}."
    )
    if "accuracy" not in measured:
        return f"{where} Accuracy was not measured: no pictures were given."
    found = measured["accuracy"]
    low, high = found["interval_95"]
    return (
        f"{where} Accuracy is over {found['pictures']} pictures of these classes "
        f"({found['split']} split), 95 % interval {low:.1%} to {high:.1%}.{_rounded(manifest)}"
    )


def _rounded(manifest: Mapping[str, Json]) -> str:
    """Return what was lost in int8, and on which pictures it was calibrated."""
    if "int8" not in manifest["measured"]:
        return ""
    lost, by = manifest["measured"]["int8"], manifest["calibration"]
    low, high = lost["interval_95"]
    doubt = "" if lost["enough_pictures_to_tell"] else "; these are too few pictures to tell"
    return (
        f"\n\nWeights and activations are int8, calibrated on {by['pictures']} {by['split']} "
        f"pictures of these classes alone (sha256 `{by['digest']}`). Against floats it loses "
        f"{lost['points_lost']:.1f} points of accuracy on the same pictures, 95 % interval "
        f"{low:.1f} to {high:.1f} (allowed: {manifest['options']['allowed_loss']:g}{doubt}); "
        f"{lost['agreement']:.1%} of the answers are the same."
    )


def _beside(manifest: Mapping[str, Json]) -> str:
    """Return what flat networks masked to the classes cost and are worth, where that is known."""
    measured, own = manifest["measured"], manifest["cost"]
    if not measured.get("beside"):
        return ""
    accuracy = measured.get("int8", {}).get("accuracy_in_floats", measured["accuracy"])
    this = {**own, "bytes": measured.get("bytes_in_floats", own["bytes"]), "accuracy": accuracy}
    rows = []
    for row in ({"network": "this expert", **this}, *measured["beside"]):
        figures = " | ".join(f"{row[name]:,}" for name in ("params", "macs", "bytes"))
        behind = ""
        if "points_behind" in row:
            low, high = row["interval_95"]
            behind = f"{row['points_behind']:.1f} ({low:.1f} to {high:.1f})"
        rows.append(f"| {row['network']} | {figures} | {row['accuracy']['top1']:.1%} | {behind} |")
    return (
        "## Beside flat networks\n\nEach masked to these classes: all of it but the outputs of "
        "other classes. In floats, on the same pictures; *behind* in points of accuracy with the "
        "95 % interval: where that holds 0, the difference may be chance.\n\n"
        "| | parameters | MACs | bytes | accuracy | behind |\n|---|---|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n\n"
    )


def _input(manifest: Mapping[str, Json]) -> str:
    read = manifest["input"]
    shape = " × ".join(map(str, read["shape"]))
    if read["values"] == "preprocessing":
        how = manifest["preprocessing"]
        values = f"channel values from 0 to 1 as {how['offset']:g} + {how['scale']:g} · value"
    else:
        values = f"channel values from {read['values']}; the model normalises them itself"
    return (
        f"The input is {read['type']}, {shape} ({manifest['preprocessing']['channels']}): {values}."
    )
