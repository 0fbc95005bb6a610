#!/usr/bin/env bash
# nltk 3.10.4 prints a tree in brackets without escaping anything, and reads another tree from what
# it printed: a leaf with a space becomes two, one with brackets a node, and the first leaf below a
# node without a label becomes that node's label. Nothing warns.
#
# Seen with Python 3.11, nltk 3.10.4.
#   printed (pets stop sign x(y)), read back: pets over stop, sign, x and a node y
#   printed ( cat dog), read back: cat over dog
#
# Why it matters: it is the format that nltk offers for saving a tree, and class names of two words
# are the rule. Replace spaces by "_" and brackets by -LRB- and -RRB-, as treebanks do, and give every
# node a label.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check nltk==3.10.4
cat > "$place/see.py" <<'PY'
from nltk import Tree


def said(tree):
    again = Tree.fromstring(str(tree))
    below = [f"a node {x.label()}" if isinstance(x, Tree) else x for x in again]
    shown = " and ".join([", ".join(below[:-1]), below[-1]] if below[1:] else below)
    print(f"printed {tree}, read back: {again.label()} over {shown}")


said(Tree("pets", ["stop sign", "x(y)"]))
said(Tree("", ["cat", "dog"]))
PY
"$place/venv/bin/python" -W ignore "$place/see.py" "$place" | tee "$place/seen"
diff - "$place/seen" <<'SEEN'
printed (pets stop sign x(y)), read back: pets over stop, sign, x and a node y
printed ( cat dog), read back: cat over dog
SEEN
