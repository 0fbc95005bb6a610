"""`Service`: what a network answers to whoever asks over a wire, and nothing of the wire."""

from __future__ import annotations

import io as streams
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from taxonomy._core import io
from taxonomy._core.errors import DataError, ExportError, LabelError
from taxonomy._core.registry import require
from taxonomy.export.bundling import bundle
from taxonomy.export.recommending import DEVICES
from taxonomy.export.serving.limits import Limits, RefusedError
from taxonomy.labels import check_classes
from taxonomy.nets.classified import Classified
from taxonomy.nets.experts import extract
from taxonomy.nets.hierarchical import HierarchicalNet
from taxonomy.nets.predicting import predict
from taxonomy.nets.widths import net_at
from taxonomy.trees.naming import called

FORMS = ("PNG", "JPEG")
"""The formats of pictures that strangers may send: the two whose readers are looked at most."""

PRECISIONS = ("float", "int8")
FOLDER = "expert"


@dataclass(frozen=True)
class Wanted:
    """What a bundle is asked for with.

    Args:
        classes: label ids.
        target: in whose format.
        precision: of the weights and activations.
    """

    classes: tuple[str, ...]
    target: str = "onnx"
    precision: str = "float"


class Service:
    """One network that names pictures and gives away experts, for any class sets.

    Its methods may be called from several threads: the network is read only.

    Args:
        net: a trained network, a run's folder, a file, or a name such as ``icons/tree``.
        limits: on pictures and classes, and how many experts are kept.
        width: share of the channels that is kept, one of those that the network was trained at.

    Raises:
        FileFormatError: there is no such network, or it is damaged.
        SpecError: the network was not trained at that width.
        DataError: it reads no pictures.

    >>> service = Service("icons/tree")
    >>> service.checked(["dog", "cat"])
    ('cat', 'dog')
    >>> sorted(service.known())
    ['classes', 'nodes', 'resolution', 'targets']
    """

    def __init__(
        self,
        net: HierarchicalNet | Path | str,
        limits: Limits | None = None,
        width: float = 1.0,
    ) -> None:
        self.limits = limits or Limits()
        self._named, self._net, self._width = net, net_at(net, width), width
        if self._net.spec.channels != len(self._net.preprocessing.channels):
            channels = self._net.spec.channels
            raise DataError(f"The network reads {channels} channels, which no picture has.")
        self.targets = (*filter(_installed, DEVICES), "safetensors")
        self._expert = lru_cache(self.limits.kept)(self._cut)
        self._zipped = lru_cache(self.limits.kept)(self._written)
        require("PIL.Image")

    def known(self) -> io.Json:
        """Return the classes, each with the node above it, and the nodes with those above them."""
        tree = self._net.hierarchy
        names = called(tree)
        place = {int(node): index for index, node in enumerate(tree.nodes)}
        above = [place[int(tree.parent[entry])] for entry in tree.leaf_entries]
        return {
            "classes": [
                {"id": name, "node": node} for name, node in zip(tree.leaves, above, strict=True)
            ],
            "nodes": [
                {"name": names[int(node)], "parent": place.get(int(tree.parent[node]), -1)}
                for node in tree.nodes
            ],
            "resolution": self._net.spec.resolution,
            "targets": list(self.targets),
        }

    def checked(self, classes: Iterable[str] | None) -> tuple[str, ...]:
        """Return classes sorted; all of the network's for None.

        Raises:
            RefusedError: none, an unknown one, one given twice, or too many.
        """
        if classes is None:
            return self._net.classes
        wanted = tuple(classes)
        if len(wanted) > self.limits.max_classes:
            raise RefusedError(
                400, f"Those are {len(wanted)} classes; give at most {self.limits.max_classes}."
            )
        try:
            return check_classes(wanted, self._net.classes)
        except LabelError as error:
            raise RefusedError(400, str(error)) from None

    def predict(self, picture: bytes, classes: tuple[str, ...], top: int) -> io.Json:
        """Return a picture's classes with probabilities, and the way down to the first.

        Args:
            picture: the content of a PNG or JPEG file.
            classes: as `checked` returns them.
            top: how many classes at most, 1 or more.

        Raises:
            RefusedError: the picture cannot be read, or has too many pixels.
        """
        self._check(picture)
        try:
            square = self._net.preprocessing.picture(streams.BytesIO(picture), formats=FORMS)
        except DataError:
            raise _unreadable() from None
        found: Classified = predict(self._expert(classes), np.ascontiguousarray(square)[None])
        (answer,) = found.to_dicts(top)
        return {name: answer[name] for name in ("classes", "path")}

    def _check(self, picture: bytes) -> None:
        """Refuse what is no picture, or too large a one, by its head."""
        image = require("PIL.Image")
        try:
            with image.open(streams.BytesIO(picture), formats=FORMS) as opened:
                pixels = opened.width * opened.height
        except (image.DecompressionBombError, image.DecompressionBombWarning):
            pixels = self.limits.max_pixels + 1
        except Exception:  # noqa: BLE001  # strangers' bytes: whatever Pillow's readers raise
            raise _unreadable() from None
        if pixels > self.limits.max_pixels:
            most = f"{self.limits.max_pixels:,}"
            raise RefusedError(413, f"The picture has more than {most} pixels; send a smaller one.")

    def bundle(self, wanted: Wanted) -> bytes:
        """Return the bundle of an expert as a zip archive; the same one is written once.

        Raises:
            RefusedError: the target is not one of `targets`, or the expert cannot be exported so.
        """
        classes = self.checked(wanted.classes)
        for field, known in (("target", self.targets), ("precision", PRECISIONS)):
            if getattr(wanted, field) not in known:
                raise RefusedError(
                    400, f"The {field} is not known; choose from: {', '.join(known)}."
                )
        try:
            return self._zipped(classes, wanted.target, wanted.precision)
        except ExportError:
            raise RefusedError(
                422,
                "This expert is not exported so: the network has parts that are not, or loses too "
                "much in int8, or has no pictures to measure that on. Choose another target or "
                "precision.",
            ) from None

    def _cut(self, classes: tuple[str, ...]) -> HierarchicalNet:
        return self._net if classes == self._net.classes else extract(self._net, classes)

    def _written(self, classes: tuple[str, ...], target: str, precision: str) -> bytes:
        if target not in DEVICES and precision != "float":
            raise ExportError("Only models for devices are written in int8.")
        options: dict[str, Any] = {"precision": precision} if target in DEVICES else {}
        with tempfile.TemporaryDirectory(prefix="taxonomy-serve-") as place:
            folder = Path(place) / FOLDER
            bundle(self._named, folder, target, classes=classes, width=self._width, **options)
            return zipped(folder)


def zipped(folder: Path) -> bytes:
    """Return a folder's files as a zip archive; the same files give the same bytes."""
    made = streams.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            entry = zipfile.ZipInfo(f"{folder.name}/{file.name}")  # of 1980, whenever it is made
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())
    return made.getvalue()


def _installed(target: str) -> bool:
    try:
        for module in DEVICES[target]:
            require(module)
    except ImportError:
        return False
    return True


def _unreadable() -> RefusedError:
    return RefusedError(400, "The body is no readable PNG or JPEG picture; send the file as it is.")
