#!/usr/bin/env bash
# wn: the Wu-Palmer similarity of two synsets changes from one run of Python to the next.
#
# Versions: wn 1.1.1, Python 3.11.
#
# What happens: where two synsets have several common hypernyms equally far from the root, as a
# multiple inheritance makes them, `wn.similarity.wup` takes the first of a list whose order comes
# from a set, and so from Python's hash seed, which is another one in every process. The hypernyms
# lie at different distances below, so the value differs: 2*2/(1+1+2*2) = 0.667 over the near one,
# 2*2/(3+1+2*2) = 0.5 over the far one. `path`, which takes the shortest way, is always 0.333.
#
# Output seen:
#   wup over the hash seeds 1 to 20: 0.500 0.667
#   path over the hash seeds 1 to 20: 0.333
#
# Why it matters: a hierarchy clustered from these scores is not the same twice, and a golden value
# taken from one run fails in another. Take the best over all lowest common hypernyms instead, as
# this toolkit's `wup` does, or fix PYTHONHASHSEED.
#
# Fails (exit 1) if wn behaves otherwise. Needs python3 and a package index.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check wn==1.1.1
cat > ask.py <<'PYTHON'
import tempfile
from pathlib import Path

import wn
import wn.similarity

# root > near, far; far > step > stair; one below near and stair, two below near and far.
ABOVE = {
    "root": [], "near": ["root"], "far": ["root"], "step": ["far"], "stair": ["step"],
    "one": ["near", "stair"], "two": ["near", "far"],
}
synsets = "".join(
    f'<Synset id="t-{name}" ili="" partOfSpeech="n">'
    + "".join(f'<SynsetRelation relType="hypernym" target="t-{up}"/>' for up in above)
    + "</Synset>"
    for name, above in ABOVE.items()
)
lexicon = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE LexicalResource SYSTEM "http://globalwordnet.github.io/schemas/WN-LMF-1.1.dtd">\n'
    '<LexicalResource xmlns:dc="https://globalwordnet.github.io/schemas/dc/">'
    '<Lexicon id="t" label="t" language="en" email="nobody@example.org" license="none" version="1">'
    f"{synsets}</Lexicon></LexicalResource>"
)
with tempfile.TemporaryDirectory() as folder:
    wn.config.data_directory = folder
    file = Path(folder, "t.xml")
    file.write_text(lexicon)
    wn.add(file, progress_handler=None)
    words = wn.Wordnet("t:1")
    one, two = words.synset("t-one"), words.synset("t-two")
    print(f"{wn.similarity.wup(one, two):.3f} {wn.similarity.path(one, two):.3f}")
PYTHON
for seed in $(seq 20); do PYTHONHASHSEED=$seed venv/bin/python ask.py 2>/dev/null; done > answers
wup=$(cut -d' ' -f1 answers | sort -u | paste -sd' ')
path=$(cut -d' ' -f2 answers | sort -u | paste -sd' ')
echo "wup over the hash seeds 1 to 20: $wup"
echo "path over the hash seeds 1 to 20: $path"
[ "$wup" = "0.500 0.667" ] && [ "$path" = "0.333" ]
