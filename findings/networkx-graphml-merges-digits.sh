#!/usr/bin/env bash
# networkx 3.4.2: a tree whose inner nodes are integers and whose leaves are labels made of digits
# (years, postcodes, product numbers) is written to GraphML and GEXF without a warning, although
# both formats name nodes by text. Node 1 and node "1" become one: of five nodes four are read
# back, "1" is its own parent, and the graph is a tree no longer. The node-link form of JSON keeps
# them apart in memory and in the file, because JSON knows numbers.
#
# Seen with Python 3.11, networkx 3.4.2, lxml absent.
#   written 5 nodes, tree True
#   graphml: 4 nodes, tree False, self loops [('1', '1')]
#   gexf: 4 nodes, tree False, self loops [('1', '1')]
#   node-link: 5 nodes, tree True, self loops []
#
# Why it matters: inner nodes of dendrograms are integers by custom (scipy's linkage counts on from
# the leaves), so a hierarchy of class ids that are digits is lost in the formats that Gephi,
# yEd and Cytoscape read. Name inner nodes by a text that no label can be before writing.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check networkx==3.4.2
cat > "$place/see.py" <<'PY'
import json
import sys

import networkx as nx

tree = nx.DiGraph([(0, 1), (0, "2"), (1, "1"), (1, "3")])
print(f"written {len(tree)} nodes, tree {nx.is_arborescence(tree)}")


def said(name, back):
    loops = list(nx.selfloop_edges(back))
    print(f"{name}: {len(back)} nodes, tree {nx.is_arborescence(back)}, self loops {loops}")


nx.write_graphml_xml(tree, sys.argv[1] + "/t.graphml")
said("graphml", nx.read_graphml(sys.argv[1] + "/t.graphml"))
nx.write_gexf(tree, sys.argv[1] + "/t.gexf")
said("gexf", nx.read_gexf(sys.argv[1] + "/t.gexf"))
text = json.dumps(nx.node_link_data(tree, edges="edges"))
said("node-link", nx.node_link_graph(json.loads(text), edges="edges"))
PY
"$place/venv/bin/python" "$place/see.py" "$place" | tee "$place/seen"
diff - "$place/seen" <<'SEEN'
written 5 nodes, tree True
graphml: 4 nodes, tree False, self loops [('1', '1')]
gexf: 4 nodes, tree False, self loops [('1', '1')]
node-link: 5 nodes, tree True, self loops []
SEEN
