"""Weights from files: whole and finite, or refused by name."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from taxonomy._core.errors import FileFormatError
from taxonomy.nets._weights import MOST_DIMENSIONS, read_weights


def test_texts_and_tensors_come_back(tmp_path):
    save_file({"w": torch.arange(6.0).reshape(2, 3)}, tmp_path / "a", {"who": "me"})
    texts, tensors = read_weights(tmp_path / "a")
    assert texts == {"who": "me"}
    assert tensors["w"].tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.tensor([1.0, float("nan")]), "'w' are no finite numbers"),
        (torch.tensor([float("inf")]), "'w' are no finite numbers"),
        (torch.tensor([1j]), "'w' are no finite numbers"),
        (torch.ones([1] * (MOST_DIMENSIONS + 1)), "'w' has 9 dimensions"),
    ],
)
def test_what_weights_never_are_is_refused(tmp_path, tensor, message):
    save_file({"w": tensor}, tmp_path / "a")
    with pytest.raises(FileFormatError, match=message):
        read_weights(tmp_path / "a")


def test_more_dimensions_than_pytorch_computes_with(tmp_path):
    """Its numbers are read, and fail in the first thing that is done with them."""
    save_file({"w": torch.ones(1)}, tmp_path / "a")
    data = (tmp_path / "a").read_bytes()
    shape = b'"shape":[1]'
    many = b'"shape":[' + b",".join([b"1"] * 65) + b"]"
    length = int.from_bytes(data[:8], "little") + len(many) - len(shape)
    (tmp_path / "a").write_bytes(length.to_bytes(8, "little") + data[8:].replace(shape, many))
    with pytest.raises(FileFormatError, match=r"dimensions|no safetensors file"):
        read_weights(tmp_path / "a")
