"""Several processes that train one network, through PyTorch's own engine and ``torchrun``.

    torchrun --nproc-per-node 2 -m taxonomy train --data icons --flat --out runs/two

Outside ``torchrun`` there is one process and everything here does nothing.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import FrameType

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn.parallel import DistributedDataParallel

from taxonomy._core.errors import TrainingError

DEVICES = ("cpu", "cuda", "mps")
"""What PyTorch computes on: the processor, NVIDIA's cards, Apple's. The last is not tested."""

LOST = (
    "Another process of this training was lost. The last checkpoint is kept: "
    "type the same command again, and it continues."
)

_SHOWN = 400
"""How many characters of the engine's own message are shown; a real defect is in the first ones."""


def world_size() -> int:
    """Return how many processes train together."""
    return dist.get_world_size() if _active() else 1


def rank() -> int:
    """Return this process's number, from 0."""
    return dist.get_rank() if _active() else 0


def is_first() -> bool:
    """Return whether this process is the one that writes files and speaks."""
    return rank() == 0


def check_device(device: str) -> None:
    """Check that PyTorch can compute on a device here.

    Raises:
        TrainingError: it is none of `DEVICES`, or is not there.
    """
    if device not in DEVICES:
        raise TrainingError(f"Unknown `device` {device!r}; choose from: {', '.join(DEVICES)}.")
    backend = {"cuda": torch.cuda, "mps": torch.backends.mps}.get(device)
    if backend is not None and not backend.is_available():
        raise TrainingError(f"PyTorch finds no device {device!r} here; leave out `device`.")


@contextmanager
def processes(device: str = "cpu") -> Iterator[str]:
    """Join the processes that ``torchrun`` started, and leave them at the end.

    After an error ``SIGTERM`` is ignored: ``torchrun`` sends it to what is left of a failed run,
    and a process that ends by itself shall still say why.

    Args:
        device: one of `DEVICES`.

    Returns:
        The device of this process: with CUDA each has a card of its own.

    Raises:
        TrainingError: there is no such device, or several processes cannot share it.
    """
    check_device(device)
    if int(os.environ.get("WORLD_SIZE", "1")) < 2 or _active():
        yield device
        return
    if device == "mps":
        raise TrainingError(
            "Several processes train together on `cpu` or `cuda`; on `mps` start one alone."
        )
    if device == "cuda":
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        torch.cuda.set_device(device)
    before = signal.signal(signal.SIGTERM, _terminated)
    with explain_lost_workers():
        dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield device
        wait_for_all()  # a process that leaves early would take its end of the connections along
        signal.signal(signal.SIGTERM, before)
    except BaseException:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise
    finally:
        dist.destroy_process_group()


def wrap(net: nn.Module, whole: bool = True) -> nn.Module:
    """Return the network with gradients averaged over all processes; see `share_buffers`.

    Args:
        net: the network.
        whole: whether every pass uses all parameters.
    """
    if not _active():
        return net
    return DistributedDataParallel(net, broadcast_buffers=False, find_unused_parameters=not whole)


@torch.no_grad()
def share_buffers(net: nn.Module) -> None:
    """Give every process the first one's running statistics, which a step lets drift apart."""
    buffers = [buffer for buffer in net.buffers() if buffer.is_floating_point()]
    if not (_active() and buffers):
        return
    joined = torch.cat([buffer.flatten() for buffer in buffers])
    dist.broadcast(joined, 0)
    parts = torch.split(joined, [buffer.numel() for buffer in buffers])
    for buffer, part in zip(buffers, parts, strict=True):
        buffer.copy_(part.view_as(buffer))


def no_sync(net: nn.Module) -> AbstractContextManager[None]:
    """Keep the gradients of a part of a step to this process until its last part."""
    if isinstance(net, DistributedDataParallel):
        return net.no_sync()
    return nullcontext()


def mean(value: Tensor) -> float:
    """Return the mean of a number over all processes."""
    if _active():
        value = value.detach().clone()
        dist.all_reduce(value)
        value /= world_size()
    return float(value.item())


def gather_rows(mine: Tensor, n: int) -> Tensor:
    """Return all rows, of which each process has those at rank, rank + world size, ….

    Args:
        mine: this process's rows, on the CPU, shape (its share, columns).
        n: rows in all.
    """
    if not _active():
        return mine
    with explain_lost_workers():
        device = torch.device("cuda") if dist.get_backend() == "nccl" else torch.device("cpu")
        most = -(-n // world_size())
        padded = torch.zeros(most, *mine.shape[1:], device=device)
        padded[: len(mine)] = mine.to(device)
        parts = [torch.empty_like(padded) for _ in range(world_size())]
        dist.all_gather(parts, padded)
    return torch.stack(parts, 1).flatten(0, 1)[:n].cpu()


def wait_for_all() -> None:
    """Wait until every process has come here."""
    if _active():
        with explain_lost_workers():
            dist.barrier()


@contextmanager
def explain_lost_workers() -> Iterator[None]:
    """Turn the engine's error about a lost process into one that says what to do."""
    try:
        yield
    except RuntimeError as error:
        if not _active() or isinstance(error, torch.OutOfMemoryError):
            raise
        raise TrainingError(f"{LOST} ({' '.join(str(error).split())[:_SHOWN]})") from error


def _active() -> bool:
    return dist.is_available() and dist.is_initialized()


def _terminated(number: int, frame: FrameType | None) -> None:
    """Say why: ``torchrun`` ends the other processes by this signal when one is lost."""
    del number, frame
    raise TrainingError(LOST)
