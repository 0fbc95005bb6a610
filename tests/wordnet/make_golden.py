"""Write ``nltk_golden.csv``: nltk's path and Wu-Palmer similarities of 2,000 noun pairs.

    python -m tests.wordnet.make_golden --dict DIR

The pairs come from a pool of 700 synsets, so that a test can score the pool at once: random ones,
ones with several ways to the root, and a random synset's ancestors; 200 pairs are a synset twice.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
from pathlib import Path

from taxonomy._io import write_text
from taxonomy.wordnet.build import nltk_reader

GOLDEN = Path(__file__).with_name("nltk_golden.csv")


def main() -> None:
    """Score the pairs with nltk and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dict", type=Path, required=True, help="folder of WordNet 3.0's files")
    chooser = random.Random(20240)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("first", "second", "path", "wup"))
    with nltk_reader(parser.parse_args().dict) as reader:
        synsets = list(reader.all_synsets("n"))
        several_ways = [s for s in synsets if s.min_depth() != s.max_depth()]
        pool = chooser.sample(synsets, 350) + chooser.sample(several_ways, 250)
        ancestors = {s for one in pool[::20] for path in one.hypernym_paths() for s in path}
        pool += chooser.sample(sorted(ancestors), 100)
        pairs = [(one, one) for one in chooser.sample(pool, 200)]
        pairs += [(chooser.choice(pool), chooser.choice(pool)) for _ in range(1800)]
        for first, second in pairs:
            scores = first.path_similarity(second), first.wup_similarity(second)
            writer.writerow((first.name(), second.name(), *map(repr, scores)))
    write_text(GOLDEN, out.getvalue())


if __name__ == "__main__":
    main()
