"""Views: training pictures that are varied once and answered by the teacher once, then kept.

Varying a picture and asking a large teacher about it can take longer than a step of a small
student. Where several students learn from one teacher, the answers to a fixed number of variations
of every picture serve all of them (Faghri et al. 2023, Reinforce Data, Multiply Impact).
"""

from __future__ import annotations

from dataclasses import asdict
from math import prod

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from taxonomy._core import io
from taxonomy._core.arrays import IntArray
from taxonomy._core.cached import cached_array
from taxonomy._core.progress import track
from taxonomy.data import Pictures
from taxonomy.nets.inputs import ENCODING
from taxonomy.training.augment import Augment, augmented

BLOCK = 512
"""Pictures varied at a time."""

ASKED = 64
"""Pictures that the teacher is asked about at a time: its maps then fit a processor's cache."""

MOST_KEPT = 4
"""Sets of views in the folder of caches; those used least lately go."""

SCALE = 255 / ENCODING.offset
"""What network input, from 0 for white to the offset for black, is multiplied by to be bytes."""


class Views:
    """A fixed number of views of every training picture, in the folder of caches.

    They depend on the pictures, the augmentation, their number and the teacher, and on no seed, so
    that trainings which differ in anything else share them.

    Args:
        part: the training pictures.
        augment: how they are varied.
        number: of views of each picture.
        teacher: a network in evaluation mode whose logits are kept, or none.
        teacher_digest: of its weights.
        bf16: whether the teacher computes in it.

    Raises:
        DataError: the folder of caches cannot be written or lacks the space.
    """

    def __init__(
        self,
        part: Pictures,
        augment: Augment,
        number: int,
        teacher: nn.Module | None = None,
        teacher_digest: str = "",
        bf16: bool = False,
    ) -> None:
        self.part, self.augment, self.number = part, augment, number
        self.teacher, self.bf16 = teacher, bf16
        side = part.images.shape[-1]
        self.shape = (side, side, 3)
        self.pixels = prod(self.shape)
        logits = len(part.classes) if teacher is not None else 0
        content = io.digest(["views", part.digest, asdict(augment), number, teacher_digest, bf16])
        self.rows, _ = cached_array(
            io.cache_folder() / "views",
            content,
            content,
            (number * len(part), self.pixels + 2 * logits),
            self._fill,
            most=MOST_KEPT,
        )

    def read(self, view: int, rows: IntArray, device: torch.device) -> tuple[Tensor, Tensor | None]:
        """Return network input (B, 3, H, W) and the teacher's logits (B, classes) about it.

        Args:
            view: which view, from 0.
            rows: numbers of training pictures, shape (B,).
            device: where to.
        """
        kept = self.rows[view * len(self.part) + rows]
        pixels = torch.from_numpy(kept[:, : self.pixels]).to(device)
        inputs = _as_input(pixels.view(-1, *self.shape))
        if kept.shape[1] == self.pixels:
            return inputs, None
        answers = np.ascontiguousarray(kept[:, self.pixels :]).view(np.float16)
        return inputs, torch.from_numpy(answers).to(device).float()

    @torch.no_grad()
    def _fill(self, kept: npt.NDArray[np.uint8]) -> dict[str, io.Json]:
        device = torch.device("cpu")
        if self.teacher is not None:
            device = next(self.teacher.parameters()).device
        n = len(self.part)
        with track("views", "pictures", self.number * n) as bar:
            for view in range(self.number):
                generator = torch.Generator().manual_seed(view)
                for start in range(0, n, BLOCK):
                    images = torch.from_numpy(self.part.images[start : start + BLOCK]).to(device)
                    varied = augmented(images, self.augment, generator)
                    pixels = (varied.permute(0, 2, 3, 1) * SCALE).round().clamp(0, 255).byte()
                    block = kept[view * n + start : view * n + start + len(images)]
                    block[:, : self.pixels] = pixels.flatten(1).cpu().numpy()
                    if self.teacher is not None:
                        with torch.autocast(device.type, torch.bfloat16, enabled=self.bf16):
                            parts = [self.teacher(_as_input(p)) for p in torch.split(pixels, ASKED)]
                        answers = torch.cat(parts).half()
                        block[:, self.pixels :] = answers.cpu().numpy().view(np.uint8)
                    bar.update(len(images))
        return {"views": self.number, "pictures": n, "classes": list(self.part.classes)}


def _as_input(pixels: Tensor) -> Tensor:
    """Map bytes (B, H, W, 3) to network input (B, 3, H, W), channels last."""
    return pixels.permute(0, 3, 1, 2).float() / SCALE
