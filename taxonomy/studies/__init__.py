"""Studies: what the choice of hierarchy buys; series of trainings compared; the demonstration.

`study` goes from a file, `StudyConfig`, to trained cells, tables, figures and a report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taxonomy._core.registry import lazy_names

if TYPE_CHECKING:
    from taxonomy.studies.config import FlatFamily, HierarchyChoice, NetworkChoice, StudyConfig
    from taxonomy.studies.engines import ENGINES, LocalEngine
    from taxonomy.studies.ray_engine import RayEngine
    from taxonomy.studies.studying import Study, StudyResult, prepare, study

__all__ = [
    "ENGINES",
    "FlatFamily",
    "HierarchyChoice",
    "LocalEngine",
    "NetworkChoice",
    "RayEngine",
    "Study",
    "StudyConfig",
    "StudyResult",
    "prepare",
    "study",
]

_HOMES = {
    "config": ("FlatFamily", "HierarchyChoice", "NetworkChoice", "StudyConfig"),
    "engines": ("ENGINES", "LocalEngine"),
    "ray_engine": ("RayEngine",),
    "studying": ("Study", "StudyResult", "prepare", "study"),
}

__getattr__, __dir__ = lazy_names(
    __name__, {name: f"{__name__}.{module}" for module, names in _HOMES.items() for name in names}
)
