"""Draw the pictures of the guide on trees: two trees face to face, and one around its root.

    python docs/pictures/trees.py

The trees are those shipped for the icons.
"""

from __future__ import annotations

from pathlib import Path

import taxonomy as tx
from taxonomy.comparison import moved
from taxonomy.plots import plot_radial, plot_tanglegram, save_figure

HERE = Path(__file__).parent
CLASSES = (
    "airplane, ambulance, bicycle, bird, bug, bus, butterfly, car, cat, cow, dog, drone, elephant, "
    "fish, helicopter, horse, motorcycle, pig, rabbit, rocket, sailboat, scooter, ship, shrimp, "
    "taxi, tractor, train, tram, truck"
)


def main() -> None:
    """Draw both."""
    tree, other = tx.get_tree("icons/wordnet"), tx.get_tree("icons/embedding")
    few = CLASSES.split(", ")
    one, two = tree.restrict(few, unary="collapse"), other.restrict(few, unary="collapse")
    farthest = moved(one, two)["label"][:5]
    axes = plot_tanglegram(one, two, names=("WordNet", "embedding"), moved=farthest)
    save_figure(HERE / "tanglegram.svg", axes.figure)
    save_figure(HERE / "radial.svg", plot_radial(tree).figure)


if __name__ == "__main__":
    main()
