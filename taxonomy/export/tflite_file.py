"""`TFLiteFile`: a TFLite file, tensor by tensor, by the schema that LiteRT's package brings.

The official converter drags in hundreds of megabytes; what it writes is a FlatBuffer of tensors and
operators, which a network of this toolkit needs a dozen of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from taxonomy._core.registry import require

SCHEMA_VERSION = 3
ALIGNED = 16
"""Weights begin at multiples of it, as processors that read four numbers at once want it. The
package's own writer leaves that to chance."""


class TFLiteFile:
    """Tensors and operators of one model, in the order in which they were added."""

    def __init__(self) -> None:
        self.schema = require("ai_edge_litert.schema_py_generated")
        self.kinds = {
            np.dtype(name): getattr(self.schema.TensorType, name.upper())
            for name in ("float32", "int8", "uint8", "int32")
        }
        self.buffers: list[Any] = [self.schema.BufferT()]  # the first one is empty by convention
        self.tensors: list[Any] = []
        self.operators: list[Any] = []
        self.codes: list[tuple[str, int]] = []
        self.held: dict[tuple[Any, ...], int] = {}
        self.metadata: list[Any] = []

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        kind: npt.DTypeLike = np.float32,
        scale: npt.ArrayLike | None = None,
        zero: int = 0,
        axis: int = 0,
    ) -> int:
        """Add a tensor and return its number.

        Args:
            name: for readers.
            shape: its sizes.
            kind: of its numbers.
            scale: what a step of its whole numbers is worth: one number, or one an entry of
                ``axis``; none for plain numbers.
            zero: the whole number that stands for 0.
            axis: along which there are several scales.
        """
        made = self.schema.TensorT(
            shape=list(shape), type=self.kinds[np.dtype(kind)], name=name.encode(), hasRank=True
        )
        if scale is not None:
            steps = np.atleast_1d(np.asarray(scale, dtype=np.float32))
            made.quantization = self.schema.QuantizationParametersT(
                scale=steps, zeroPoint=np.full(len(steps), zero, np.int64), quantizedDimension=axis
            )
        self.tensors.append(made)
        return len(self.tensors) - 1

    def constant(
        self,
        array: npt.NDArray[Any],
        scale: npt.ArrayLike | None = None,
        axis: int = 0,
    ) -> int:
        """Add a tensor with its numbers, or return that of equal ones."""
        array = np.ascontiguousarray(array)
        data = array.astype(array.dtype.newbyteorder("<")).tobytes()
        key = (str(array.dtype), array.shape, data, None if scale is None else str(scale), axis)
        if key not in self.held:
            number = self.tensor(f"c{len(self.buffers)}", array.shape, array.dtype, scale, 0, axis)
            self.tensors[number].buffer = len(self.buffers)
            self.buffers.append(_aligned(self.schema)(data=data))
            self.held[key] = number
        return self.held[key]

    def operator(
        self, name: str, inputs: Sequence[int], output: int, version: int = 1, **options: Any
    ) -> None:
        """Add an operator.

        Args:
            name: TFLite's, such as ``CONV_2D``.
            inputs: numbers of tensors.
            output: number of the tensor that it makes.
            version: the first version of the operator that can do this.
            options: fields of its options, by their names in the schema.
        """
        if (name, version) not in self.codes:
            self.codes.append((name, version))
        made = self.schema.OperatorT(
            opcodeIndex=self.codes.index((name, version)), inputs=list(inputs), outputs=[output]
        )
        if kind := OPTIONS.get(name):
            made.builtinOptionsType = getattr(self.schema.BuiltinOptions, kind)
            made.builtinOptions = getattr(self.schema, f"{kind}T")(**options)
        self.operators.append(made)

    def describe(self, name: str, text: str) -> None:
        """Add a text that runtimes pass over and people find."""
        self.metadata.append(self.schema.MetadataT(name=name.encode(), buffer=len(self.buffers)))
        self.buffers.append(_aligned(self.schema)(data=text.encode()))

    def data(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """Return the file's bytes; the same calls give the same bytes."""
        builtin = self.schema.BuiltinOperator
        numbers = [(getattr(builtin, name), version) for name, version in self.codes]
        model = self.schema.ModelT(
            version=SCHEMA_VERSION,
            description=b"taxonomy-experts",
            operatorCodes=[
                self.schema.OperatorCodeT(
                    # Old readers look at this field, of one byte; 127 says: look at the other one.
                    deprecatedBuiltinCode=min(number, 127),
                    builtinCode=number,
                    version=version,
                )
                for number, version in numbers
            ],
            subgraphs=[
                self.schema.SubGraphT(
                    tensors=self.tensors,
                    inputs=list(inputs),
                    outputs=list(outputs),
                    operators=self.operators,
                    name=b"main",
                )
            ],
            buffers=self.buffers,
            metadata=self.metadata or None,
        )
        builder = _sharing()(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


OPTIONS = {
    "ADD": "AddOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "BATCH_MATMUL": "BatchMatMulOptions",
    "CONCATENATION": "ConcatenationOptions",
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "DIV": "DivOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "GELU": "GeluOptions",
    "L2_NORMALIZATION": "L2NormOptions",
    "MEAN": "ReducerOptions",
    "MUL": "MulOptions",
    "PAD": "PadOptions",
    "RESHAPE": "ReshapeOptions",
    "SUB": "SubOptions",
    "SUM": "ReducerOptions",
    "TRANSPOSE": "TransposeOptions",
}
"""The options of each operator that has some, as the schema calls them."""


def _aligned(schema: Any) -> type[Any]:
    class Buffer(schema.BufferT):  # type: ignore[misc]
        """Bytes that begin at a multiple of `ALIGNED`."""

        def Pack(self, builder: Any) -> int:  # noqa: N802 - the package's own name
            builder.StartVector(1, len(self.data), ALIGNED)
            builder.head = builder.head - len(self.data)
            builder.Bytes[builder.head : builder.head + len(self.data)] = self.data
            place = builder.EndVector()
            schema.BufferStart(builder)
            schema.BufferAddData(builder, place)
            end: int = schema.BufferEnd(builder)
            return end

    return Buffer


def _sharing() -> type[Any]:
    class Builder(require("flatbuffers").Builder):  # type: ignore[misc]
        """Writes lists of equal numbers once: shapes, scales and zeros, a sixth of a small file.

        Every channel of weights in whole numbers has a zero of eight bytes, as its bias has, and
        all are 0.
        """

        def __init__(self, size: int) -> None:
            super().__init__(size)
            self.known: dict[tuple[int, int, bytes], int] = {}
            self.begun: tuple[int, int, int] | None = None

        def StartVector(self, size: int, count: int, alignment: int) -> int:  # noqa: N802
            self.begun = (size, alignment, self.Offset())
            place: int = super().StartVector(size, count, alignment)
            return place

        def PrependUOffsetTRelative(self, place: int) -> None:  # noqa: N802
            self.begun = None  # a list of distances, which lead elsewhere from another place
            super().PrependUOffsetTRelative(place)

        def EndVector(self, *deprecated: int) -> int:  # noqa: N802
            count, begun = self.vectorNumElems, self.begun
            place: int = super().EndVector(*deprecated)
            self.begun = None
            if begun is None:
                return place
            size, alignment, before = begun
            numbers = bytes(self.Bytes[self.head : self.head + 4 + size * count])
            known = self.known.setdefault((size, alignment, numbers), place)
            if known != place:
                self.head += place - before
            return known

    return Builder
