"""Class hierarchies and the small expert networks they shape.

Class names go in, small networks come out: a similarity source scores how alike the classes are,
clustering turns the scores into a hierarchy, the hierarchy shapes a network, and an expert for any
subset of classes is cut out of the trained network with no retraining.

>>> import taxonomy as tx
>>> labels = tx.get_labels("icons")
>>> tree = tx.generate(labels, source="wordnet", levels=(12, 48)).tree
>>> tree
Hierarchy(212 leaves, 61 nodes, depth 3)

Importing this package loads none of the heavy libraries; every name below is loaded when used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taxonomy._core.registry import lazy_names

if TYPE_CHECKING:
    from taxonomy import (
        builders,
        comparison,
        data,
        design,
        formats,
        plots,
        similarity,
        trees,
        wordnet,
    )
    from taxonomy._core.errors import TaxonomyError
    from taxonomy._core.shipped import list_shipped
    from taxonomy._generate import Generated, generate
    from taxonomy._naming import name_tree
    from taxonomy.builders import get_builder, import_tree
    from taxonomy.clustering.refinement import refine
    from taxonomy.comparison import compare
    from taxonomy.data import DataRequest, get_data
    from taxonomy.design import Cost, NetSpec, cost, design_search
    from taxonomy.evaluation import evaluate, evaluate_tasks, score
    from taxonomy.explorer import explore
    from taxonomy.export import bundle, recommend
    from taxonomy.formats import get_tree, read_tree, write_tree
    from taxonomy.labels import Label, LabelSet, get_labels
    from taxonomy.nets import HierarchicalNet, build_net, extract, get_net, predict, save_net
    from taxonomy.plots import plot_tree
    from taxonomy.predictions import Predictions
    from taxonomy.similarity import DenseSimilarity, Similarity, get_source
    from taxonomy.studies import StudyConfig, study
    from taxonomy.tasks import Task, TaskList, get_tasks
    from taxonomy.training import Run, TrainConfig, resume, train
    from taxonomy.trees.hierarchy import Hierarchy
    from taxonomy.trees.naming import name_nodes

__version__ = "0.1.0"

__all__ = [
    "Cost",
    "DataRequest",
    "DenseSimilarity",
    "Generated",
    "HierarchicalNet",
    "Hierarchy",
    "Label",
    "LabelSet",
    "NetSpec",
    "Predictions",
    "Run",
    "Similarity",
    "StudyConfig",
    "Task",
    "TaskList",
    "TaxonomyError",
    "TrainConfig",
    "build_net",
    "builders",
    "bundle",
    "compare",
    "comparison",
    "cost",
    "data",
    "design",
    "design_search",
    "evaluate",
    "evaluate_tasks",
    "explore",
    "extract",
    "formats",
    "generate",
    "get_builder",
    "get_data",
    "get_labels",
    "get_net",
    "get_source",
    "get_tasks",
    "get_tree",
    "import_tree",
    "list_shipped",
    "name_nodes",
    "name_tree",
    "plot_tree",
    "plots",
    "predict",
    "read_tree",
    "recommend",
    "refine",
    "resume",
    "save_net",
    "score",
    "similarity",
    "study",
    "train",
    "trees",
    "wordnet",
    "write_tree",
]

_ROOMS = (
    *("builders", "comparison", "data", "design", "formats", "plots", "similarity", "trees"),
    "wordnet",
)
_HOMES = {
    "taxonomy._core.errors": ("TaxonomyError",),
    "taxonomy._core.shipped": ("list_shipped",),
    "taxonomy._generate": ("Generated", "generate"),
    "taxonomy._naming": ("name_tree",),
    "taxonomy.builders": ("get_builder", "import_tree"),
    "taxonomy.clustering.refinement": ("refine",),
    "taxonomy.comparison": ("compare",),
    "taxonomy.data": ("DataRequest", "get_data"),
    "taxonomy.design": ("Cost", "NetSpec", "cost", "design_search"),
    "taxonomy.evaluation": ("evaluate", "evaluate_tasks", "score"),
    "taxonomy.explorer": ("explore",),
    "taxonomy.export": ("bundle", "recommend"),
    "taxonomy.formats": ("get_tree", "read_tree", "write_tree"),
    "taxonomy.labels": ("Label", "LabelSet", "get_labels"),
    "taxonomy.nets": ("HierarchicalNet", "build_net", "extract", "get_net", "predict", "save_net"),
    "taxonomy.plots": ("plot_tree",),
    "taxonomy.predictions": ("Predictions",),
    "taxonomy.similarity": ("DenseSimilarity", "Similarity", "get_source"),
    "taxonomy.studies": ("StudyConfig", "study"),
    "taxonomy.tasks": ("Task", "TaskList", "get_tasks"),
    "taxonomy.training": ("Run", "TrainConfig", "resume", "train"),
    "taxonomy.trees.hierarchy": ("Hierarchy",),
    "taxonomy.trees.naming": ("name_nodes",),
}

__getattr__, __dir__ = lazy_names(
    __name__,
    {name: module for module, names in _HOMES.items() for name in names},
    rooms=_ROOMS,
)
