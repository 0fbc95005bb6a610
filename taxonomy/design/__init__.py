"""A network on paper: its blocks, its specification, what it costs, and a search; without torch.

>>> from taxonomy.design import NetSpec, cost
>>> from taxonomy.trees.hierarchy import Hierarchy
>>> tree = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
>>> print(cost(NetSpec.tree(levels=((48, 1),)), tree, ["cat", "dog"]))
parameters           79,378
multiply-accumulates 9,879,648 a picture
weights              317,512 bytes in float32
peak activation      98,304 bytes in float32, one picture
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taxonomy._core.registry import lazy_names

if TYPE_CHECKING:
    from taxonomy.design.blocks import CONVNEXT, RESNET, Backbone, Block, Bucket, Level, Stage
    from taxonomy.design.costs import Cost, cost, expert_costs
    from taxonomy.design.explained import Explained, explain_cost
    from taxonomy.design.families import FAMILIES, Family
    from taxonomy.design.search import DesignConfig, design_search
    from taxonomy.design.spec import NetSpec

__all__ = [
    "CONVNEXT",
    "FAMILIES",
    "RESNET",
    "Backbone",
    "Block",
    "Bucket",
    "Cost",
    "DesignConfig",
    "Explained",
    "Family",
    "Level",
    "NetSpec",
    "Stage",
    "cost",
    "design_search",
    "expert_costs",
    "explain_cost",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "CONVNEXT": "taxonomy.design.blocks",
        "FAMILIES": "taxonomy.design.families",
        "RESNET": "taxonomy.design.blocks",
        "Backbone": "taxonomy.design.blocks",
        "Block": "taxonomy.design.blocks",
        "Bucket": "taxonomy.design.blocks",
        "Cost": "taxonomy.design.costs",
        "DesignConfig": "taxonomy.design.search",
        "Explained": "taxonomy.design.explained",
        "explain_cost": "taxonomy.design.explained",
        "Family": "taxonomy.design.families",
        "Level": "taxonomy.design.blocks",
        "NetSpec": "taxonomy.design.spec",
        "Stage": "taxonomy.design.blocks",
        "cost": "taxonomy.design.costs",
        "design_search": "taxonomy.design.search",
        "expert_costs": "taxonomy.design.costs",
    },
)
