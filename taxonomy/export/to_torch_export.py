"""A `Graph` as a program of ``torch.export``: PyTorch alone runs it, without this toolkit."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from taxonomy._core.arrays import Float32Array
from taxonomy._core.errors import ExportError
from taxonomy.export.target import Bytes, Device
from taxonomy.export.torch_steps import exported
from taxonomy.nets.hierarchical import HierarchicalNet

PARTS = re.compile(
    r"[^/]+/(data/weights/weight_\d+|data/(weights|constants)/model_\w+_config\.json"
    r"|models/model\.json|extra/labels\.txt|archive_format|archive_version|byteorder|\.data/\w+)"
)
"""What lies in a file that holds no pickle and no machine code."""


@dataclass(frozen=True)
class TorchExport(Device):
    """A program for PyTorch, loaded by ``torch.export.load``, which needs none of this toolkit.

    It takes pictures of the network's resolution, channels first, and normalises inside; its output
    are logits in the order of ``labels.txt``. The file holds JSON and plain numbers: unlike others
    of its kind, no pickle. ``torch.export.load`` would load one if there were one, so that
    ``run.py`` looks first.
    """

    file = "model.pt2"
    runtime = "torch"

    @property
    def threads(self) -> int:
        """How many threads PyTorch uses."""
        return torch.get_num_threads()

    def model(self, net: HierarchicalNet) -> bytes:
        """Return the file of a network or an expert; the same network gives the same bytes.

        Raises:
            ExportError: it has parts that are not exported, or PyTorch writes pickles.
        """
        graph = self.graph(net)
        made = exported(graph, self.input == "uint8", self.batch)
        made._example_inputs = None  # noqa: SLF001 — they would be the file's only pickle
        file = io.BytesIO()
        torch.export.save(made, file, extra_files={"labels.txt": "\n".join(graph.classes)})
        data = file.getvalue()
        check_plain(data)
        return data

    def runner(self, file: Path) -> Callable[[Bytes], Float32Array]:
        """Return what gives a file's logits for uint8 pictures (n, 3, side, side).

        Raises:
            ExportError: the file holds more than JSON and numbers.
        """
        check_plain(file.read_bytes())
        model = torch.export.load(str(file)).module()

        @torch.no_grad()
        def run(pictures: Bytes) -> Float32Array:
            feeds = (torch.from_numpy(np.ascontiguousarray(x)) for x in self.feeds(pictures))
            return np.concatenate([model(feed).numpy() for feed in feeds])[: len(pictures)]

        return run


def check_plain(data: bytes) -> None:
    """Check that a program's file holds no pickle and no machine code.

    Raises:
        ExportError: it holds one, as those of older versions of PyTorch do, or is damaged.
    """
    try:
        strange = [name for name, plain in _parts(data) if not plain]
    except (zipfile.BadZipFile, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ExportError(f"The program's file is damaged ({error}); export it again.") from error
    if strange:
        raise ExportError(
            f"The program holds {strange[0]}, which is no plain numbers; PyTorch "
            f"{torch.__version__} writes it, and a newer one does not (2.13)."
        )


def _parts(data: bytes) -> Iterator[tuple[str, bool]]:
    """Yield the name of every part of a file, and whether it is JSON or plain numbers."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for part in archive.infolist():
            pickled = False
            if part.filename.endswith("_config.json"):
                config = json.loads(archive.read(part))["config"]
                pickled = any(of["use_pickle"] for of in config.values())
            known = not part.file_size or bool(PARTS.fullmatch(part.filename))
            yield part.filename, known and not pickled
