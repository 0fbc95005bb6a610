#!/usr/bin/env bash
# bigtree 1.5.3 joins the names on a path by "/", so a node whose name holds one comes back from
# tree_to_dict and dict_to_tree as two nodes, without a warning. The separator of a tree can be
# changed (tree.sep), and tree_to_dict uses it, but dict_to_tree must be told, too.
#
# Seen with Python 3.11, bigtree 1.5.3.
#   written all, and/or, x: 3 nodes
#   read all, and, or, x: 4 nodes
#
# Why it matters: class names hold slashes ("washer/dryer", "truck/lorry", MIME types, and ids such as
# Open Images' /m/01g317). The tree that is read has more nodes and other classes. Set sep to a sign
# that no name holds, on both sides.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check bigtree==1.5.3
cat > "$place/see.py" <<'PY'
import bigtree

tree = bigtree.Node("all", children=[bigtree.Node("and/or", children=[bigtree.Node("x")])])


def said(word, tree):
    names = [node.name for node in bigtree.preorder_iter(tree)]
    print(f"{word} {', '.join(names)}: {len(names)} nodes")


said("written", tree)
said("read", bigtree.dict_to_tree(bigtree.tree_to_dict(tree)))
PY
"$place/venv/bin/python" -W ignore "$place/see.py" "$place" | tee "$place/seen"
diff - "$place/seen" <<'SEEN'
written all, and/or, x: 3 nodes
read all, and, or, x: 4 nodes
SEEN
