"""Class hierarchies and the small expert networks they shape.

Class names go in, small networks come out: a similarity source scores how alike the classes are,
clustering turns the scores into a hierarchy, the hierarchy shapes a network, and an expert for any
subset of classes is cut out of the trained network with no retraining.

Importing this package loads none of the heavy libraries; every name below is loaded when used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taxonomy._core.errors import TaxonomyError
    from taxonomy.builders import get_builder
    from taxonomy.clustering.levels import bounded_levels, dendrogram
    from taxonomy.design.cost import Cost
    from taxonomy.design.spec import NetSpec
    from taxonomy.evaluation import evaluate
    from taxonomy.labels import Label, LabelSet, get_labels
    from taxonomy.nets import HierarchicalNet, build, load_net, save_net
    from taxonomy.nets.experts import extract
    from taxonomy.predictions import Predictions
    from taxonomy.similarity import Similarity, get_source
    from taxonomy.tasks import Task, TaskList
    from taxonomy.trees.hierarchy import Hierarchy

_HOME = {
    "Cost": "design.cost",
    "HierarchicalNet": "nets",
    "Hierarchy": "trees.hierarchy",
    "Label": "labels",
    "LabelSet": "labels",
    "NetSpec": "design.spec",
    "Predictions": "predictions",
    "Similarity": "similarity",
    "Task": "tasks",
    "TaskList": "tasks",
    "TaxonomyError": "_core.errors",
    "bounded_levels": "clustering.levels",
    "build": "nets",
    "dendrogram": "clustering.levels",
    "evaluate": "evaluation",
    "extract": "nets.experts",
    "get_builder": "builders",
    "get_labels": "labels",
    "get_source": "similarity",
    "load_net": "nets",
    "save_net": "nets",
}

__all__ = [*_HOME]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use."""
    if name not in _HOME:
        raise AttributeError(f"module 'taxonomy' has no attribute {name!r}")
    return getattr(importlib.import_module(f"taxonomy.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted([*globals(), *_HOME])
