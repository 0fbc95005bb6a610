#!/usr/bin/env bash
# networkx 3.6.1 writes graphs as node-link JSON without a node's attribute "id" and an edge's
# attributes "source" and "target": the keys of the graph take their places, and no warning is given.
#
# Seen with Python 3.11, networkx 3.6.1.
#   nodes written [('a', {'id': 'n02121808'}), ('b', {})], read [('a', {}), ('b', {})]
#   edges written [('a', 'b', {'source': 'WordNet'})], read [('a', 'b', {})]
#
# Why it matters: "id" is what a class tree calls its WordNet or Wikidata id, and "source" where a
# link comes from. Both are gone after one save. Call them something else, or give node_link_data and
# node_link_graph other names for these fields.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check networkx==3.6.1
cat > "$place/see.py" <<'PY'
import json

import networkx as nx

graph = nx.DiGraph()
graph.add_node("a", id="n02121808")
graph.add_edge("a", "b", source="WordNet")
text = json.dumps(nx.node_link_data(graph))
again = nx.node_link_graph(json.loads(text))
print(f"nodes written {list(graph.nodes(data=True))}, read {list(again.nodes(data=True))}")
print(f"edges written {list(graph.edges(data=True))}, read {list(again.edges(data=True))}")
PY
"$place/venv/bin/python" -W ignore "$place/see.py" "$place" | tee "$place/seen"
diff - "$place/seen" <<'SEEN'
nodes written [('a', {'id': 'n02121808'}), ('b', {})], read [('a', {}), ('b', {})]
edges written [('a', 'b', {'source': 'WordNet'})], read [('a', 'b', {})]
SEEN
