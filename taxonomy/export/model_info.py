"""What OpenVINO's Model API reads of a model: ``rt_info/model_info``, and logits node by node.

Read from Model API 0.4.7 (github.com/open-edge-platform/model_api, Apache 2.0), whose classes
`ClassificationModel` and `GreedyLabelsResolver` take what is written here.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import numpy as np

from taxonomy._core import io
from taxonomy._core.registry import require
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.naming import called

HEADS = "heads"
"""Name of the output that has the logits of every node's children."""

TINY = 1e-30
"""Least sum of exponentials of logits, the largest of which is 1."""


def model_info(hierarchy: Hierarchy, hierarchical: bool = False) -> dict[str, str]:
    """Return what Model API has to know of a model that takes RGB bytes and makes logits.

    Its lists are words with blanks between them, so that blanks inside a name become ``_``.

    Args:
        hierarchy: tree of the classes.
        hierarchical: whether it is to answer with the path to a class.

    >>> tree = Hierarchy.from_nested({"pets": ["cat", "guinea pig"], "cars": ["bus", "taxi"]})
    >>> model_info(tree)["labels"]
    'bus cat guinea_pig taxi'
    """
    told = {
        "model_type": "Classification",
        "resize_type": "crop",
        "reverse_input_channels": "False",
        "multilabel": "False",
        "hierarchical": str(hierarchical),
    }
    names = _names(hierarchy)
    shown = [names[int(entry)] for entry in hierarchy.leaf_entries]
    if hierarchical:
        config = _config(hierarchy, names)
        told["hierarchical_config"] = json.dumps(config, ensure_ascii=False)
        shown = list(config["cls_heads_info"]["label_to_idx"])
    return {**told, "labels": " ".join(shown)}


def with_heads(model: Any, hierarchy: Hierarchy) -> Any:
    """Return a model with one output more, the first: the logits of every node's children.

    That of a node is the logarithm of the sum of the exponentials of its classes' logits, so that
    a softmax over children gives the share of each, given their parent.

    Args:
        model: an ``openvino.Model``, whose output is the logits of the classes.
        hierarchy: their tree.

    Raises:
        MissingExtraError: openvino is not installed.
    """
    openvino, ops = require("openvino"), require("openvino.opset13")
    logits = model.outputs[0].get_node().input_value(0)
    groups = _groups(hierarchy)
    member = np.zeros((len(hierarchy.leaves), sum(map(len, groups))), dtype=np.float32)
    for column, entry in enumerate(child for group in groups for child in group):
        member[hierarchy.positions(hierarchy.clade(entry)), column] = 1
    largest = ops.reduce_max(logits, ops.constant(np.array([1])), True)
    shares = ops.exp(ops.subtract(logits, largest))
    sums = ops.maximum(
        ops.matmul(shares, ops.constant(member), False, False), ops.constant(np.float32(TINY))
    )
    heads = ops.add(ops.log(sums), largest)
    heads.output(0).set_names({HEADS})
    return openvino.Model([heads.output(0), logits], model.get_parameters(), "expert")


def _groups(hierarchy: Hierarchy) -> list[list[int]]:
    """Return the children of every node, parents before their children."""
    return [[int(child) for child in hierarchy.children(node)] for node in hierarchy.nodes.tolist()]


def _names(hierarchy: Hierarchy) -> dict[int, str]:
    """Return a name for every entry but the root, each once and without blanks."""
    inner = called(hierarchy)
    leaves = zip(hierarchy.leaf_entries.tolist(), hierarchy.leaves, strict=True)
    given = {**dict(leaves), **{node: inner[node] for node in hierarchy.nodes[1:].tolist()}}
    names, taken = dict[int, str](), set[str]()
    for entry, name in given.items():
        word = "_".join(name.split())
        while word in taken:
            word += "_"
        taken.add(word)
        names[entry] = word
    return names


def _config(hierarchy: Hierarchy, names: dict[int, str]) -> dict[str, Any]:
    """Return the tree as Model API's resolvers of hierarchical answers read it."""
    groups = [[names[child] for child in group] for group in _groups(hierarchy)]
    ends = np.cumsum([0, *map(len, groups)]).tolist()
    edges = [
        [name, names[parent]]
        for child, name in names.items()
        if (parent := int(hierarchy.parent[child])) in names
    ]
    heads: dict[str, io.Json] = {
        "num_multiclass_heads": len(groups),
        "num_multilabel_classes": 0,
        "num_single_label_classes": ends[-1],
        "head_idx_to_logits_range": {
            str(i): [start, stop] for i, (start, stop) in enumerate(pairwise(ends))
        },
        "class_to_group_idx": {
            name: [i, j] for i, group in enumerate(groups) for j, name in enumerate(group)
        },
        "all_groups": groups,
        "label_to_idx": {name: i for i, name in enumerate(names.values())},
        "empty_multiclass_head_indices": [],
    }
    return {"cls_heads_info": heads, "label_tree_edges": edges}
