"""Trees: the `Hierarchy`, and all that is done to one.

`hierarchy` is the immutable value and `raw_tree` what is checked before it becomes one; `checks`
says what can be wrong with it; `content`, `nested` and `graphs` read and write it as JSON, nested
lists and networkx graphs, and `links` makes one of parents and children. `taxonomy.formats` has
files. `operations` prune, merge, split and cut, `consensus` joins several trees
into one, `naming` names inner nodes, and `untangling` orders the leaves of two trees face to face.
"""

from taxonomy.trees.checks import check
from taxonomy.trees.consensus import clade_support, consensus_tree
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.naming import by_medoid, name_nodes
from taxonomy.trees.operations import (
    collapse_to_depth,
    drop_heights,
    graft,
    prune,
    reroot,
    shuffle_leaves,
    subtree,
    to_levels,
)
from taxonomy.trees.raw_tree import RawTree

__all__ = [
    "Hierarchy",
    "RawTree",
    "by_medoid",
    "check",
    "clade_support",
    "collapse_to_depth",
    "consensus_tree",
    "drop_heights",
    "graft",
    "name_nodes",
    "prune",
    "reroot",
    "shuffle_leaves",
    "subtree",
    "to_levels",
]
