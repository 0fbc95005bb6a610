#!/usr/bin/env bash
# networkx 3.6.1 takes a node's attribute that is a list for values over time when it writes GEXF: every
# entry is unpacked into value, start and end. A list of texts of three letters is written so without a
# warning, a letter each, and comes back as tuples of letters; an empty list is gone; other texts raise
# an error.
#
# Seen with Python 3.11, networkx 3.6.1.
#   written ['cat', 'tom'], read [('c', 'a', 't'), ('t', 'o', 'm')]
#   in the file: <attvalue for="0" value="c" start="a" end="t" />
#   written [], read None
#   written ['house cat']: ValueError
#
# Why it matters: synonyms and lemmas of a class are lists of words, and GEXF is what Gephi reads best.
# Whether a tree's file is damaged, refused or right depends on the length of its words. Join lists into
# one text before writing.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check networkx==3.6.1
cat > "$place/see.py" <<'PY'
import io

import networkx as nx


def crossed(words):
    graph = nx.DiGraph()
    graph.add_node("n02121620", synonyms=words)
    file = io.BytesIO()
    nx.write_gexf(graph, file)
    text = file.getvalue().decode()
    return nx.read_gexf(io.BytesIO(text.encode())).nodes["n02121620"].get("synonyms"), text


for words in (["cat", "tom"], []):
    again, text = crossed(words)
    print(f"written {words}, read {again}")
    for line in text.splitlines():
        if 'value="c"' in line:
            print("in the file:", line.strip())
try:
    crossed(["house cat"])
except ValueError as error:
    print("written ['house cat']:", type(error).__name__)
PY
"$place/venv/bin/python" -W ignore "$place/see.py" "$place" | tee "$place/seen"
diff - "$place/seen" <<'SEEN'
written ['cat', 'tom'], read [('c', 'a', 't'), ('t', 'o', 'm')]
in the file: <attvalue for="0" value="c" start="a" end="t" />
written [], read None
written ['house cat']: ValueError
SEEN
