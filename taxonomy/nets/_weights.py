"""Weights in safetensors files, with the JSON beside them."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from taxonomy._core.errors import FileFormatError, shown, told

MOST_DIMENSIONS = 8
"""Of one tensor; a convolution's weights have four."""


def read_weights(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Return the texts and the tensors of a safetensors file.

    The file says where each tensor lies in it, which is compared with its size before anything is
    allocated.

    Raises:
        FileFormatError: the file is missing or damaged, or a tensor holds something else than
            finite numbers, or has more dimensions than any weights.
    """
    try:
        with safe_open(path, framework="pt") as file:
            texts = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError, RuntimeError, AttributeError) as error:
        raise FileFormatError(told(path, f"damaged or no safetensors file ({error}).")) from error
    for name, tensor in tensors.items():
        if tensor.ndim > MOST_DIMENSIONS:  # PyTorch itself gives up at 64
            raise FileFormatError(told(path, f"{shown(name)} has {tensor.ndim} dimensions."))
        if tensor.is_complex() or not tensor.isfinite().all():
            raise FileFormatError(told(path, f"{shown(name)} are no finite numbers."))
    return texts, tensors
