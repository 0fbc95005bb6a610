#!/usr/bin/env bash
# scikit-bio 0.7.4 writes a Newick label with an apostrophe and no other sign doubled but without
# quotes: dog's becomes dog''s. It reads that back itself, and nobody else does: DendroPy and ETE
# keep two apostrophes, treeswift keeps none, and Biopython leaves an s of it. All four say nothing.
#
# Seen with Python 3.11, scikit-bio 0.7.4, DendroPy 5.1.3, Biopython 1.88, ete3 3.1.3, treeswift 1.1.51.
#   written ((cat,dog''s)pets,taxi);
#   scikit-bio: cat, dog's, taxi
#   DendroPy: cat, dog''s, taxi
#   Biopython: cat, s, taxi
#   ETE: cat, dog''s, taxi
#   treeswift: cat, dogs, taxi
#
# Why it matters: classes called "baker's yeast" or "shepherd's purse" are renamed on the way from
# one library to the next, and are then missing or unknown. Rename them before writing, or put the
# quotes round by hand. (taxonomy-experts reads the two as one and says so.)
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check scikit-bio==0.7.4 dendropy==5.1.3 biopython==1.88 ete3==3.1.3 six treeswift==1.1.51
cat > "$place/see.py" <<'PY'
import io

import dendropy
import treeswift
from Bio import Phylo
from ete3 import Tree
from skbio import TreeNode

tree = TreeNode(children=[TreeNode("pets", children=[TreeNode("cat"), TreeNode("dog's")])])
tree.append(TreeNode("taxi"))
file = io.StringIO()
tree.write(file, format="newick")
text = file.getvalue().strip()
print("written", text)


def said(name, labels):
    print(f"{name}: {', '.join(sorted(labels))}")


said("scikit-bio", [tip.name for tip in TreeNode.read(io.StringIO(text), "newick").tips()])
theirs = dendropy.Tree.get(data=text, schema="newick")
said("DendroPy", [leaf.taxon.label for leaf in theirs.leaf_node_iter()])
said("Biopython", [tip.name for tip in Phylo.read(io.StringIO(text), "newick").get_terminals()])
said("ETE", [leaf.name for leaf in Tree(text, format=1).get_leaves()])
said("treeswift", [leaf.label for leaf in treeswift.read_tree_newick(text).traverse_leaves()])
PY
"$place/venv/bin/python" -W ignore "$place/see.py" "$place" | tee "$place/seen"
diff - "$place/seen" <<'SEEN'
written ((cat,dog''s)pets,taxi);
scikit-bio: cat, dog's, taxi
DendroPy: cat, dog''s, taxi
Biopython: cat, s, taxi
ETE: cat, dog''s, taxi
treeswift: cat, dogs, taxi
SEEN
