"""`Cell`: one training of a study, whole in itself, known by the digest of all that it depends on.

A cell is kept as a folder of texts, which say everything that a worker needs, so that a worker may
be another process, another machine, or start after whoever planned the study is gone.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from taxonomy._core import io
from taxonomy._core.decoding import decode
from taxonomy._core.errors import FileFormatError
from taxonomy.data import DataRequest
from taxonomy.design.spec import NetSpec
from taxonomy.training import TrainConfig
from taxonomy.trees.hierarchy import Hierarchy

FORMAT = "taxonomy-cell"


@dataclass(frozen=True)
class Cell:
    """One training of a study.

    Args:
        spec: shape of the network.
        tree: its hierarchy, over the classes of the data.
        config: how it is trained, with its seed.
        data: which pictures.
        data_digest: of these pictures.
        reference: the tree that losses read; the network's own where None.
        teacher: a trained network to distil from; empty for none.
        teacher_digest: of its weights.
        device: to train on.
        threads: to compute with. No part of the digest: the last bits of the weights depend on it,
            and a cell that was begun refuses to go on with other ones.
    """

    spec: NetSpec
    tree: Hierarchy
    config: TrainConfig
    data: DataRequest
    data_digest: str
    reference: Hierarchy | None = None
    teacher: str = ""
    teacher_digest: str = ""
    device: str = "cpu"
    threads: int = 1

    @cached_property
    def id(self) -> str:
        """Twenty letters of the digest of all that the trained network depends on."""
        facts = [self.spec.digest, self.tree.digest, self.config.to_dict(), self.data_digest]
        above = None if self.reference is None else self.reference.digest
        return io.digest([*facts, above, self.teacher_digest, self.device])[:20]

    def save(self, folder: Path) -> None:
        """Write the cell into a folder; ``cell.json`` comes last and makes it whole."""
        self.tree.save(folder / "hierarchy.json")
        if self.reference is not None:
            self.reference.save(folder / "reference.json")
        content = _Content(
            FORMAT,
            self.id,
            self.spec,
            self.config,
            self.data.to_dict(),
            self.data_digest,
            self.reference is not None,
            self.teacher,
            self.teacher_digest,
            self.device,
            self.threads,
        )
        io.write_json(folder / "cell.json", asdict(content) | {"spec": self.spec.to_dict()})

    @classmethod
    def load(cls, folder: Path) -> Cell:
        """Read what `save` wrote.

        Raises:
            FileFormatError: a file is missing, damaged, or of another cell.
        """
        path = folder / "cell.json"
        content = decode(_Content, io.read_json(path), path)
        cell = cls(
            content.spec,
            Hierarchy.load(folder / "hierarchy.json"),
            content.config,
            DataRequest.from_dict(content.data),
            content.data_digest,
            Hierarchy.load(folder / "reference.json") if content.reference else None,
            content.teacher,
            content.teacher_digest,
            content.device,
            content.threads,
        )
        if content.format != FORMAT or content.id != cell.id:
            raise FileFormatError(
                f"{path}: is not what its own digest says; remove the folder, and the study plans "
                "the cell anew."
            )
        return cell


@dataclass(frozen=True)
class _Content:
    """What ``cell.json`` holds."""

    format: str
    id: str
    spec: NetSpec
    config: TrainConfig
    data: dict[str, io.Json]
    data_digest: str
    reference: bool
    teacher: str
    teacher_digest: str
    device: str
    threads: int


CELL_FILES = ("hierarchy.json", "reference.json", "cell.json")
"""The files that a cell is; the last makes it whole."""
