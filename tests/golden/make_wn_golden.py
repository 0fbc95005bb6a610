"""Write ``wn_golden.csv``: Wu and Palmer's similarity of nltk_golden's pairs by the package ``wn``.

    python -m tests.golden.make_wn_golden          # with wn 1.1.1

``wn`` gets the pairs' synsets and all above them as a lexicon of its own format. Where several
common hypernyms are equally far from the root it takes any of them; here the best of them counts.
"""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

from taxonomy._core.io import write_text
from taxonomy.wordnet import NounGraph
from taxonomy.wordnet.ancestry import Ancestry

HERE = Path(__file__).parent
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<!DOCTYPE LexicalResource SYSTEM "http://globalwordnet.github.io/schemas/WN-LMF-1.1.dtd">\n'
    '<LexicalResource xmlns:dc="https://globalwordnet.github.io/schemas/dc/">\n'
    '<Lexicon id="own" label="own" language="en" email="a@b.c" license="own" version="1">\n'
)


def lexicon(graph: NounGraph, nodes: list[int]) -> str:
    """Return synsets and all above them, as WN-LMF."""
    lines = [HEAD]
    for node in Ancestry.of(graph, nodes).ancestors.tolist():
        above = "".join(
            f'<SynsetRelation relType="hypernym" target="own-{parent}"/>'
            for parent in graph.hypernyms(node)
        )
        lines.append(f'<Synset id="own-{node}" ili="" partOfSpeech="n">{above}</Synset>\n')
    return "".join([*lines, "</Lexicon></LexicalResource>\n"])


def wup(first: Any, second: Any) -> float:
    """Return ``wn.similarity.wup``, the best over all lowest common hypernyms."""
    found: float = max(
        2 * k / (len(first.shortest_path(low)) + len(second.shortest_path(low)) + 2 * k)
        for low in first.lowest_common_hypernyms(second)
        for k in [low.max_depth() + 1]
    )
    return found


def main() -> None:
    """Score the pairs and write the file."""
    import wn
    import wn.similarity
    import wn.taxonomy

    graph = NounGraph.load()
    with (HERE / "nltk_golden.csv").open(newline="") as file:
        pairs = [(row["first"], row["second"]) for row in csv.DictReader(file)]
    nodes = [graph.index(name) for pair in pairs for name in pair]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("first", "second", "wup", "ties"))
    with tempfile.TemporaryDirectory() as folder:
        wn.config.data_directory = folder
        Path(folder, "own.xml").write_text(lexicon(graph, nodes))
        wn.add(Path(folder, "own.xml"), progress_handler=None)
        own = wn.Wordnet("own:1")
        for first, second in pairs:
            one, other = (own.synset(f"own-{graph.index(name)}") for name in (first, second))
            ties = len(one.lowest_common_hypernyms(other))
            value = wup(one, other)
            if ties == 1 and value != wn.similarity.wup(one, other):
                raise SystemExit(f"{first}, {second}: wn itself says otherwise")
            writer.writerow((first, second, repr(value), ties))
    write_text(HERE / "wn_golden.csv", out.getvalue())


if __name__ == "__main__":
    main()
