#!/usr/bin/env bash
# DendroPy 5.1.3 does not tell upper from lower case by default. A leaf Cat of the second tree that
# is read becomes the leaf cat of the first, silently, so that trees over different classes have
# distance 0; within one tree the two are refused as a duplicate, with an error.
#
# Seen with Python 3.11, DendroPy 5.1.3.
#   by default: distance 0, leaves of the second: cat, dog, x, y
#   case_sensitive_taxon_labels=True: distance 6, leaves of the second: Cat, dog, x, y
#
# Why it matters: WordNet's lemmas, emoji and label files differ in case ("Turkey" the country and
# "turkey" the bird, "crane" and "Crane"). Give case_sensitive_taxon_labels=True to every read, and
# is_case_sensitive=True to the namespace.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check dendropy==5.1.3
cat > "$place/see.py" <<'PY'
import dendropy
from dendropy.calculate.treecompare import symmetric_difference


def compared(sensitive):
    names = dendropy.TaxonNamespace(is_case_sensitive=sensitive)
    one, other = (
        dendropy.Tree.get(
            data=text,
            schema="newick",
            rooting="force-rooted",
            taxon_namespace=names,
            case_sensitive_taxon_labels=sensitive,
        )
        for text in ("((cat,dog),(x,y));", "((Cat,dog),(x,y));")
    )
    leaves = ", ".join(leaf.taxon.label for leaf in other.leaf_node_iter())
    return f"distance {symmetric_difference(one, other)}, leaves of the second: {leaves}"


print("by default:", compared(False))
print("case_sensitive_taxon_labels=True:", compared(True))
PY
"$place/venv/bin/python" -W ignore "$place/see.py" "$place" | tee "$place/seen"
diff - "$place/seen" <<'SEEN'
by default: distance 0, leaves of the second: cat, dog, x, y
case_sensitive_taxon_labels=True: distance 6, leaves of the second: Cat, dog, x, y
SEEN
