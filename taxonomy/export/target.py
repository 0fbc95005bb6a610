"""`Target`: a format that networks are exported to; `Device`: the options that most have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.arrays import Float32Array
from taxonomy._core.checked import check_options
from taxonomy._core.errors import ExportError
from taxonomy.export.graph import Graph
from taxonomy.export.lower import lower
from taxonomy.export.packs import Lowering
from taxonomy.export.programs import program
from taxonomy.nets.hierarchical import HierarchicalNet

Bytes = npt.NDArray[np.uint8]

INPUT, OUTPUT = "image", "logits"

CALIBRATED_AT_ONCE = 16
"""Pictures that a model for any number of them is calibrated with at once."""

LOCAL = {"local": True}
"""Marks an option that is a place on the machine where a bundle is made, and no part of it."""


class Target(Protocol):
    """A format that networks are exported to: a frozen dataclass of options."""

    @property
    def file(self) -> str:
        """Name of the model's file, the one to open where it is several."""
        ...

    @property
    def runtime(self) -> str:
        """The package that runs it."""
        ...

    @property
    def threads(self) -> int:
        """How many threads `runner` uses."""
        ...

    def model(self, net: HierarchicalNet) -> bytes:
        """Return the model."""
        ...

    def files(self, model: bytes) -> dict[str, bytes]:
        """Return the files that a model is stored as, by name."""
        ...

    def runner(self, file: Path) -> Callable[[Bytes], Float32Array]:
        """Return what gives a model file's logits for pictures (n, 3, side, side)."""
        ...

    def describe(self, net: HierarchicalNet) -> dict[str, Any]:
        """Return what the model reads and makes."""
        ...

    def others(self, net: HierarchicalNet) -> dict[str, bytes]:
        """Return further files, by name."""
        ...


def options_of(target: Target) -> dict[str, Any]:
    """Return the options that a bundle is described by."""
    known: Any = target
    own = [field.name for field in fields(known) if not field.metadata.get("local")]
    return {name: getattr(target, name) for name in own}


@runtime_checkable
class Quantizing(Protocol):
    """A target that can write a model in int8."""

    @property
    def precision(self) -> str:
        """``float`` or ``int8``."""
        ...

    @property
    def allowed_loss(self) -> float:
        """How many points of accuracy int8 may lose."""
        ...

    @property
    def least_agreement(self) -> float:
        """What share of pictures int8 must answer as floats do."""
        ...

    def quantized(self, net: HierarchicalNet, model: bytes, pictures: Bytes) -> bytes:
        """Return a network's int8 form, calibrated on pictures (n, 3, side, side)."""
        ...


def write_files(to: Target, model: bytes, folder: Path) -> None:
    """Write a target's model into a folder.

    Raises:
        WriteError: it cannot be written.
    """
    for name, content in to.files(model).items():
        io.write_bytes(folder / name, content)


@dataclass(frozen=True)
class Device:
    """Options of the targets that a runtime on a device reads.

    Args:
        input: ``uint8`` for bytes from 0 to 255, or ``float`` for numbers from 0 to 1.
        batch: pictures at once: a number, or 0 for any where the format allows it.
        lowering: how the nodes of a level are run, see `taxonomy.export.packs`.

    Raises:
        ExportError: an option of another kind, or a negative number.
    """

    input: Literal["uint8", "float"] = "uint8"
    batch: int = 1
    lowering: Lowering = "auto"

    file: ClassVar[str]
    runtime: ClassVar[str]

    def __post_init__(self) -> None:
        """Check the options."""
        check_options(self, ExportError)
        if self.batch < 0:
            raise ExportError(
                f"`batch` is {self.batch}; give the number of pictures, or 0 for any."
            )

    @property
    def white(self) -> float:
        """The channel value of white."""
        return 255 if self.input == "uint8" else 1

    def graph(self, net: HierarchicalNet) -> Graph:
        """Return a network's graph, lowered for the target's runtime.

        Raises:
            ExportError: it has parts that are not exported.
        """
        return lower(net, self.lowering, self.white, self.runtime)

    def files(self, model: bytes) -> dict[str, bytes]:
        """Return the files that a model is stored as, by name: one, in most formats."""
        return {self.file: model}

    def describe(self, net: HierarchicalNet) -> dict[str, Any]:
        """Return what a program has to know to run the model; here, one that reads channels first.

        Args:
            net: the network that was exported.
        """
        side = net.spec.resolution
        return self.described(net, [self.batch or "N", net.spec.channels, side, side])

    def others(self, _: HierarchicalNet) -> dict[str, bytes]:
        """Return further files, by name: the program that runs the bundle on a device."""
        return {"run.py": program(self.runtime)}

    def feeds(self, pictures: Bytes, at_once: int = 0) -> Iterator[npt.NDArray[Any]]:
        """Yield a model's inputs for all pictures, the last repeated where a batch is not full.

        Args:
            pictures: bytes (n, 3, side, side).
            at_once: how many, for models that take any number; all by default.
        """
        size = self.batch or at_once or len(pictures)
        for start in range(0, len(pictures), size):
            part = pictures[start : start + size]
            if self.batch:
                part = np.concatenate([part, np.repeat(part[-1:], size - len(part), axis=0)])
            yield part if self.input == "uint8" else part / np.float32(255)

    def described(self, net: HierarchicalNet, shape: list[int | str]) -> dict[str, Any]:
        """Return what a program has to know to run a model whose input has a shape."""
        return {
            "input": {
                "name": INPUT,
                "type": "uint8" if self.input == "uint8" else "float32",
                "shape": shape,
                "values": "0 to 255" if self.input == "uint8" else "0 to 1",
            },
            "output": {
                "name": OUTPUT,
                "type": "float32",
                "shape": [shape[0], len(net.classes)],
            },
        }


@dataclass(frozen=True)
class Quantizable(Device):
    """Options of those targets that have a form in whole numbers.

    Args:
        precision: ``float``, or ``int8`` for weights and activations in whole numbers: a third of
            the bytes, or less.
        allowed_loss: points of accuracy that int8 may lose on validation pictures.
        least_agreement: share of those pictures that int8 must answer as floats do.

    Raises:
        ExportError: an option of another kind or out of range.
    """

    precision: Literal["float", "int8"] = "float"
    allowed_loss: float = 0.5
    least_agreement: float = 0.95

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        if not 0 <= self.allowed_loss <= 100:
            raise ExportError(
                f"`allowed_loss` is {self.allowed_loss}; give points of accuracy, from 0 to 100."
            )
        if not 0 <= self.least_agreement <= 1:
            raise ExportError(
                f"`least_agreement` is {self.least_agreement}; give a share, from 0 to 1."
            )
