#!/usr/bin/env bash
# treeswift 1.1.51 and toytree 3.0.11 misread labels in quotes, which is how the Newick format spells
# whatever is no plain word. treeswift drops an apostrophe that is doubled by the rule. toytree takes
# the quotes for part of the name and drops spaces, and fails at a colon in quotes. Neither warns.
#
# Seen with Python 3.11, treeswift 1.1.51, toytree 3.0.11.
#   text (('stop sign','dog''s','a_b'),taxi);
#   treeswift: a_b | dogs | stop sign | taxi
#   toytree: 'a_b' | 'dog''s' | 'stopsign' | taxi
#   toytree, a colon in quotes: ValueError
#
# Why it matters: class names of two words are the rule. A tree read so has other classes than the
# one written, and joining it with anything by name fails or, worse, finds a part. Replace all but
# letters and digits before writing for these two.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check treeswift==1.1.51 toytree==3.0.11
cat > "$place/see.py" <<'PY'
import toytree
import treeswift

text = "(('stop sign','dog''s','a_b'),taxi);"
print("text", text)
leaves = treeswift.read_tree_newick(text).traverse_leaves()
print("treeswift:", " | ".join(sorted(leaf.label for leaf in leaves)))
print("toytree:", " | ".join(sorted(toytree.tree(text).get_tip_labels())))
try:
    toytree.tree("(('a:b',c),d);")
except ValueError as error:
    print("toytree, a colon in quotes:", type(error).__name__)
PY
"$place/venv/bin/python" -W ignore "$place/see.py" "$place" | tee "$place/seen"
diff - "$place/seen" <<'SEEN'
text (('stop sign','dog''s','a_b'),taxi);
treeswift: a_b | dogs | stop sign | taxi
toytree: 'a_b' | 'dog''s' | 'stopsign' | taxi
toytree, a colon in quotes: ValueError
SEEN
