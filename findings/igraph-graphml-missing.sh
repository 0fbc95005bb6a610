#!/usr/bin/env bash
# igraph 1.0.0 writes attributes that some nodes lack to GraphML as values: a missing text becomes the
# text "None" and a missing truth value false. Missing numbers are left out, and come back as NaN.
#
# Seen with Python 3.11, igraph 1.0.0.
#   alias written [None, 'x', None], read ['None', 'x', 'None']
#   checked written [True, None, False], read [True, False, False]
#   support written [0.5, None, None], read [0.5, nan, nan]
#
# Why it matters: inner nodes of a class tree have names and support and leaves have none, so that
# every tree has such gaps. Leaves called "None", or nodes that count as checked, look like data to
# whatever reads the file next. Delete the attribute, or write "" and a number instead.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check igraph==1.0.0
cat > "$place/see.py" <<'PY'
import sys

import igraph

graph = igraph.Graph([(0, 1), (0, 2)], directed=True)
held = {
    "alias": [None, "x", None],
    "checked": [True, None, False],
    "support": [0.5, None, None],
}
for name, values in held.items():
    graph.vs[name] = values
graph.write_graphml(sys.argv[1] + "/t.graphml")
again = igraph.Graph.Read_GraphML(sys.argv[1] + "/t.graphml")
for name, values in held.items():
    print(f"{name} written {values}, read {again.vs[name]}")
PY
"$place/venv/bin/python" -W ignore "$place/see.py" "$place" | tee "$place/seen"
diff - "$place/seen" <<'SEEN'
alias written [None, 'x', None], read ['None', 'x', 'None']
checked written [True, None, False], read [True, False, False]
support written [0.5, None, None], read [0.5, nan, nan]
SEEN
