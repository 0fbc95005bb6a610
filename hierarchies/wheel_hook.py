"""Build hook: puts the files that ``index.toml`` lists into the wheel, one by one."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ShippedFiles(BuildHookInterface):  # type: ignore[type-arg]
    """Adds ``hierarchies/<file>`` as ``taxonomy/_shipped/<file>`` for every listed file."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """List the files for a wheel; an editable install reads them where they lie."""
        if version == "editable":
            return
        folder = Path(self.root, "hierarchies")
        with (folder / "index.toml").open("rb") as file:
            listed = tomllib.load(file)["files"]
        for name in ["index.toml", *listed]:
            build_data["force_include"][str(folder / name)] = f"taxonomy/_shipped/{name}"
