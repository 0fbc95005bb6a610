"""The shipped icons: 212 everyday things, drawn by many independent design teams."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taxonomy._core import io, shipped
from taxonomy.data._pictures import Pictures


@dataclass(frozen=True)
class Icons:
    """32x32 RGBA renderings, split by designer: no design team is on two sides."""

    def __call__(self) -> Pictures:
        """Load and verify the shipped file.

        Raises:
            FileFormatError: the file is missing or altered.
        """
        arrays = io.load_npz(
            shipped.path("icons/icons.npz", verify=True),
            *("images", "label", "classes", "designer", "designers", "split"),
        )
        return Pictures(
            images=arrays["images"],
            targets=arrays["label"].astype(np.int64),
            classes=tuple(str(name) for name in arrays["classes"]),
            splits=arrays["split"],
            groups=arrays["designers"][arrays["designer"]],
        )
