"""The explorer: one HTML file in which anybody ticks classes and sees what their expert would be.

`explore` writes it from trained networks; `Explorer.ask` gives the numbers that it shows, from the
same bytes.
"""

from __future__ import annotations

from taxonomy._core.registry import require

require("torch")

from taxonomy.explorer.exploring import Explorer, explore  # noqa: E402
from taxonomy.explorer.figures import Figures  # noqa: E402
from taxonomy.explorer.timing import Timing  # noqa: E402

__all__ = ["Explorer", "Figures", "Timing", "explore"]
