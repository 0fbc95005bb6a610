"""Checkpoints: what is restored is whole, or nothing is."""

from __future__ import annotations

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from taxonomy._core.errors import FileFormatError
from taxonomy.training.checkpoint import Place, load_checkpoint, save_checkpoint


def trained():
    """A network of two parameters with an optimiser that has made a step."""
    net = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(net.parameters())
    net(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return {"net": net, "optimizer": optimizer}


@pytest.mark.parametrize(
    ("rename", "message"),
    [
        ({"optimizer/0.step": None}, "'0.step' is missing"),
        ({"optimizer/1.exp_avg": None}, "'1.exp_avg' is missing"),
        ({"optimizer/0.step": "optimizer/00.step"}, "the optimiser has no '00.step'"),
        ({"optimizer/1.step": "optimizer/7.step"}, "the optimiser has no '7.step'"),
        ({"net/bias": "net/bais"}, "'bais' is too many"),
    ],
)
def test_a_part_that_is_not_whole_is_refused(tmp_path, rename, message):
    """The first would be a KeyError of torch, the third would take the place of another's step."""
    path, state = tmp_path / "c.safetensors", trained()
    save_checkpoint(path, state, Place(step=3), "key")
    with safe_open(path, "pt") as file:
        notes = file.metadata()
        tensors = {rename.get(name, name): file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    tensors.pop(None, None)
    save_file(tensors, path, notes)
    before = {name: tensor.clone() for name, tensor in state["net"].state_dict().items()}
    with pytest.raises(FileFormatError, match=rf"damaged checkpoint.*\({message}"):
        load_checkpoint(path, state, "key")
    assert all(torch.equal(before[name], t) for name, t in state["net"].state_dict().items())


def test_a_checkpoint_comes_back(tmp_path):
    state, other = trained(), trained()
    save_checkpoint(tmp_path / "c.safetensors", state, Place(step=3), "key")
    assert load_checkpoint(tmp_path / "c.safetensors", other, "key") == Place(step=3)
    save_checkpoint(tmp_path / "d.safetensors", other, Place(step=3), "key")
    files = [(tmp_path / name).read_bytes() for name in ("c.safetensors", "d.safetensors")]
    assert files[0] == files[1]
