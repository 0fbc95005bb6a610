"""Write ``nltk_golden.csv``: nltk's six similarities of 2,000 noun pairs.

    python -m tests.golden.make_nltk_golden --dict DIR --counts resnik-ic3.txt

The three that need information content are taken over the Brown corpus; where nltk divides by
zero, which is the root with itself under ``lin``, the cell is empty.

The pairs come from a pool of 700 synsets, so that a test can score the pool at once: random ones,
ones with several ways to the root, and a random synset's ancestors; 200 pairs are a synset twice.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import shutil
from pathlib import Path
from typing import Any

from hierarchies.wordnet.build import nltk_reader
from taxonomy._core.io import write_text

GOLDEN = Path(__file__).with_name("nltk_golden.csv")


def read_counts(path: Path, readable: Path) -> Any:
    """Read a file of information content with nltk's own reader, from a folder open to nltk."""
    from nltk.corpus.reader.wordnet import WordNetICCorpusReader

    shutil.copyfile(path, readable / path.name)
    return WordNetICCorpusReader(str(readable), [path.name]).ic(path.name)


def main() -> None:
    """Score the pairs with nltk and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dict", type=Path, required=True, help="folder of WordNet 3.0's files")
    parser.add_argument("--counts", type=Path, required=True, help="resnik-ic3.txt")
    arguments = parser.parse_args()
    chooser = random.Random(20240)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("first", "second", "path", "wup", "lch", "res", "jcn", "lin"))
    with nltk_reader(arguments.dict) as reader:
        counts = read_counts(arguments.counts, Path(str(reader.root)))
        synsets = list(reader.all_synsets("n"))
        several_ways = [s for s in synsets if s.min_depth() != s.max_depth()]
        pool = chooser.sample(synsets, 350) + chooser.sample(several_ways, 250)
        ancestors = {s for one in pool[::20] for path in one.hypernym_paths() for s in path}
        pool += chooser.sample(sorted(ancestors), 100)
        pairs = [(one, one) for one in chooser.sample(pool, 200)]
        pairs += [(chooser.choice(pool), chooser.choice(pool)) for _ in range(1800)]
        for first, second in pairs:
            scores = [
                repr(first.path_similarity(second)),
                repr(first.wup_similarity(second)),
                repr(first.lch_similarity(second)),
                repr(first.res_similarity(second, counts)),
                repr(first.jcn_similarity(second, counts)),
            ]
            try:
                scores.append(repr(first.lin_similarity(second, counts)))
            except ZeroDivisionError:
                scores.append("")
            writer.writerow((first.name(), second.name(), *scores))
    write_text(GOLDEN, out.getvalue())


if __name__ == "__main__":
    main()
