"""Commands on labels and trees: make, refine, show, check and compare them."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taxonomy._core import io
from taxonomy._core.errors import HierarchyError, TaxonomyError
from taxonomy.builders import BUILDERS
from taxonomy.cli._command import Command, chosen, class_names
from taxonomy.cli._flags import add_flags, from_flags, integers
from taxonomy.labels import LabelSet, get_labels, shipped_names
from taxonomy.similarity import SOURCES, Similarity
from taxonomy.trees.hierarchy import load_tree

if TYPE_CHECKING:
    from taxonomy.comparison import BoundsCost

LABELS_HELP = "a shipped set ({}), a text or CSV file, or a folder of class folders"


def _labels_flags(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    parser.add_argument("labels", help=LABELS_HELP.format(", ".join(shipped_names())))
    parser.add_argument("--out", type=Path, help="write the labels as CSV, sorted by id")


def _labels(arguments: argparse.Namespace) -> None:
    labels = get_labels(arguments.labels)
    with_wnid = sum(bool(label.wnid) for label in labels)
    for label in labels:
        print(f"{label.id}\t{label.name}\t{label.wnid or '-'}\t{label.definition}")
    print(f"{len(labels)} labels, {with_wnid} with a WordNet id; digest {labels.digest[:12]}")
    if arguments.out:
        labels.save(arguments.out)
        print(f"labels written to {arguments.out}")


def _generate_flags(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
    parser.add_argument("labels", help=LABELS_HELP.format(", ".join(shipped_names())))
    parser.add_argument("--builder", default="cluster", help=f"{', '.join(BUILDERS)} [cluster]")
    parser.add_argument("--source", default="wordnet", help=f"{', '.join(SOURCES)} [wordnet]")
    parser.add_argument("--out", type=Path, default=Path("tree.json"), help="[tree.json]")
    parser.add_argument(
        "--stability",
        type=int,
        default=0,
        metavar="RUNS",
        help="build as many trees of noisy similarities and store how many keep each node [0]",
    )
    parser.add_argument(
        "--noise", type=float, help="of --stability [half the smallest step between similarities]"
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="say what a language model would be asked and what that costs; send nothing",
    )
    if list(argv[:1]) == ["generate"]:
        builder = BUILDERS.get(chosen(argv, "--builder", "cluster"))
        add_flags(parser, builder, f"options of --builder {chosen(argv, '--builder', 'cluster')}")
        if builder.needs_similarity:
            source = chosen(argv, "--source", "wordnet")
            add_flags(parser, SOURCES.get(source), f"options of --source {source}")


def _generate(arguments: argparse.Namespace) -> None:
    from taxonomy.clustering.stability import stability
    from taxonomy.comparison import bounds_cost, summary

    labels = get_labels(arguments.labels)
    builder = from_flags(BUILDERS.get(arguments.builder), arguments)
    if arguments.dry_run:
        _dry_run(arguments, labels, builder)
        return
    similarity = None
    made = arguments.builder
    if builder.needs_similarity:
        similarity = from_flags(SOURCES.get(arguments.source), arguments)(labels)
        made += f" of {arguments.source}"
    tree = builder(labels, similarity)
    steady = None
    if arguments.stability:
        if similarity is None:
            raise TaxonomyError("Stability is of trees built from similarities; use cluster.")
        steady = stability(
            similarity, lambda s: builder(labels, s), arguments.stability, arguments.noise
        )
        support = [round(share, 4) for share in steady.support.tolist()]
        facts = {"runs": steady.runs, "noise": steady.noise, "seed": steady.seed}
        tree.provenance["stability"] = {**facts, "support": support}
    cost = None
    if similarity is not None and tree.merge_height is None and _has_pairs(similarity):
        cost = bounds_cost(tree, similarity, getattr(builder, "linkage", "average"))
        tree.provenance["bounds_cost"] = {k: v._asdict() for k, v in cost._asdict().items()}
    tree.save(arguments.out)
    print(f"{made}: {_shape(summary(tree))}{_of_tasks(tree.provenance)}")
    if cost:
        print(_cost_of_bounds(cost))
    if steady:
        print(
            f"stability: a node survives {steady.mean:.0%} of {steady.runs} runs with noise of up "
            f"to {steady.noise:.2g}; each node's share is in the tree's provenance"
        )
    if filled := (similarity or tree).provenance.get("filled"):
        told = " and ".join(f"{count} of {how.replace('_', ' ')}" for how, count in filled.items())
        print(
            f"similarities were incomplete: {told} were filled in, from the other direction or "
            "from the mean scores of the two classes"
        )
    for line in _of_wordnet((similarity or tree).provenance):
        print(line)
    print(
        f"tree {tree.digest[:12]} written to {arguments.out}; look: taxonomy show {arguments.out}"
    )


def _of_wordnet(made: dict[str, Any]) -> list[str]:
    """Return what is worth knowing of a source or builder that reads WordNet, if one did."""
    lines = []
    if guessed := made.get("first_sense"):
        pairs = ", ".join(f"{k} = {v}" for k, v in list(guessed.items())[:5])
        lines.append(f"first senses taken for {len(guessed)} labels, check them: {pairs} …")
    if same := made.get("same_synset"):
        name, ids = next(iter(same.items()))
        lines.append(
            f"{len(same)} synsets stand for several labels, which count as alike: "
            f"{name} for {', '.join(ids[:3])} …"
        )
    if nearest := made.get("neighbours"):
        lines.append(
            f"scored are each class's {nearest} nearest only; all other pairs count as 0 alike"
        )
    if cut := made.get("cut"):
        several, above = (len(cut[key]) for key in ("several_ways", "above_others"))
        lines.append(
            f"cut from WordNet's graph ({made['policy']}): {len(cut['links'])} links, "
            f"{len(cut['left_out'])} synsets they led to, {len(cut['collapsed'])} with one child; "
            f"{several} classes had several ways up, {above} are above others and stand beside them"
        )
    return lines


def _of_tasks(made: dict[str, Any]) -> str:
    """Return what a tree built for wanted subsets costs, on a line of its own, if it was."""
    if "least_cost" not in made:
        return ""
    cost, least = (f"{made[key] / 1e6:.3f} million" for key in ("mean_cost", "least_cost"))
    return (
        f"\nexperts of its {made['number_of_tasks']} tasks take {cost} {made['quantity']} in the "
        f"mean; within these bounds no tree's take less than {least}"
    )


def _has_pairs(similarity: Similarity) -> bool:
    """Tell whether there are pairs enough to judge a tree by, some of them alike."""
    return len(similarity) >= 3 and float(similarity.values.sum()) > len(similarity)


def _cost_of_bounds(cost: BoundsCost) -> str:
    before, after = cost

    def fit(value: float | None) -> str:
        return "undefined" if value is None else f"{value:.3f}"

    return (
        f"the bounds' cost: Dasgupta's cost {before.dasgupta_cost:.3f} in the whole dendrogram, "
        f"{after.dasgupta_cost:.3f} here ({after.by_chance:.3f} by chance); cophenetic "
        f"correlation {fit(before.cophenetic_fit)} and {fit(after.cophenetic_fit)}"
    )


def _dry_run(arguments: argparse.Namespace, labels: LabelSet, builder: Any) -> None:
    asks = builder
    if builder.needs_similarity:
        asks = from_flags(SOURCES.get(arguments.source), arguments)
    if not hasattr(asks, "plan"):
        raise TaxonomyError("--dry-run is for what asks a language model, such as --source llm.")
    print(asks.plan(labels))


def _shape(numbers: dict[str, float]) -> str:
    return (
        f"{numbers['leaves']} classes, {numbers['nodes']} nodes, depth {numbers['depth']}, "
        f"{numbers['groups']} top groups, lowest groups of {numbers['smallest']} to "
        f"{numbers['largest']} classes"
    )


def _refine_flags(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
    parser.add_argument("tree", help="a tree file, a run's folder, or a shipped tree (icons/…)")
    parser.add_argument("--labels", required=True, help=LABELS_HELP.format("…"))
    parser.add_argument("--source", default="wordnet", help=f"{', '.join(SOURCES)} [wordnet]")
    for which, word in (("least", "fewest"), ("most", "most")):
        parser.add_argument(
            f"--{which}-leaves",
            type=integers,
            default=(),
            metavar="N,N",
            help=f"{word} classes of a node, by depth from the root's children down [free]",
        )
    parser.add_argument(
        "--beyond-chance",
        action="store_true",
        help="take off what sizes alone cost, so that large groups gain nothing by their size",
    )
    parser.add_argument("--out", type=Path, default=Path("refined.json"), help="[refined.json]")
    if list(argv[:1]) == ["refine"]:
        source = chosen(argv, "--source", "wordnet")
        add_flags(parser, SOURCES.get(source), f"options of --source {source}")


def _refine(arguments: argparse.Namespace) -> None:
    from taxonomy.clustering.refinement import Bounds, refine
    from taxonomy.comparison import dasgupta_cost

    tree = load_tree(arguments.tree)
    labels = get_labels(arguments.labels).restrict(tree.leaves)
    similarity = from_flags(SOURCES.get(arguments.source), arguments)(labels)
    refined = refine(
        tree,
        similarity,
        Bounds(arguments.least_leaves, arguments.most_leaves),
        beyond_chance=arguments.beyond_chance,
    )
    refined.save(arguments.out)
    before, after = (dasgupta_cost(t, similarity, normalised=True) for t in (tree, refined))
    print(f"Dasgupta's cost by {arguments.source}: {before:.4f} before, {after:.4f} now")
    print(f"tree {refined.digest[:12]} written to {arguments.out}")


def _show_flags(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    parser.add_argument("tree", help="a tree file, a run's folder, or a shipped tree (icons/…)")
    parser.add_argument("--classes", help="only these classes, separated by commas")
    parser.add_argument("--out", type=Path, help="write the text to a file instead")


def _show(arguments: argparse.Namespace) -> None:
    from taxonomy.comparison import summary

    tree = load_tree(arguments.tree)
    if arguments.classes is not None:
        tree = tree.restrict(class_names(arguments.classes))
    if arguments.out:
        io.write_text(arguments.out, tree.to_text() + "\n")
        print(f"{_shape(summary(tree))}; text written to {arguments.out}")
    else:
        print(tree.to_text())
        print(_shape(summary(tree)))


def _compare_flags(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    parser.add_argument("trees", nargs="+", help="tree files, run folders or shipped trees")
    parser.add_argument("--metrics", help="names separated by commas [all]")
    parser.add_argument(
        "--samples", type=int, default=0, help="random relabellings for expected value and p [0]"
    )
    parser.add_argument("--moved", type=int, default=5, help="classes named per pair [5]")
    parser.add_argument("--out", type=Path, help="write the table as CSV")


def _compare(arguments: argparse.Namespace) -> None:
    from taxonomy.comparison import METRICS, compare, moved

    names = dict.fromkeys(arguments.trees)
    if len(names) < len(arguments.trees):
        raise TaxonomyError("A tree is named twice; name each tree once.")
    trees = {name: load_tree(name) for name in names}
    metrics = tuple(arguments.metrics.split(",")) if arguments.metrics else ()
    table = compare(trees, metrics, arguments.samples)
    print(table.round(3).set_index(["a", "b"]).T.to_string())
    near = ", ".join(name for name in metrics or METRICS if METRICS[name].alike == "low")
    print(f"alike is 1, but 0 for: {near}" if near else "alike is 1")
    if arguments.samples:
        exact = [name for name in metrics or METRICS if METRICS[name].expected]
        print(
            f"_p is from {arguments.samples} random relabellings, and so is _expected but in "
            f"closed form for: {', '.join(exact) or 'none'}"
        )
    for one, other in combinations(trees, 2) if arguments.moved else ():
        print(f"moved farthest from {one} to {other}:")
        for row in moved(trees[one], trees[other]).head(arguments.moved).itertuples():
            print(f"  {row.label}: near {', '.join(row.near_a)}; then {', '.join(row.near_b)}")
    if arguments.out:
        io.write_text(arguments.out, table.to_csv(index=False))
        print(f"table written to {arguments.out}")


def _check_flags(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    parser.add_argument("tree", type=Path, help="a tree file")
    parser.add_argument("--labels", help="the classes it is meant for: " + LABELS_HELP.format("…"))


def _check(arguments: argparse.Namespace) -> None:
    from taxonomy.trees.checks import check
    from taxonomy.trees.raw_tree import RawTree

    try:
        raw = RawTree.from_content(io.read_json(arguments.tree))
    except HierarchyError as error:
        raise HierarchyError(f"{arguments.tree}: {error}") from error
    findings = check(raw, get_labels(arguments.labels) if arguments.labels else None)
    for finding in findings:
        print(finding)
    count = Counter(finding.severity for finding in findings)
    print(f"{count['error']} errors, {count['warning']} warnings, {count['note']} notes")
    if count["error"]:
        raise HierarchyError(f"{arguments.tree}: has errors; mend the entries named above.")


COMMANDS = (
    Command(
        "labels",
        "Read a label set, check it and print it.",
        ("taxonomy labels icons", "taxonomy labels classes.csv --out sorted.csv"),
        _labels_flags,
        _labels,
    ),
    Command(
        "generate",
        "Build a hierarchy of a label set.",
        (
            "taxonomy generate icons --source wordnet --levels 12,48 --out tree.json",
            "taxonomy generate icons --source embedding --linkage complete",
            "taxonomy generate icons --builder shaped --groups 7,35 --most-leaves 12",
            "taxonomy generate icons --source wordnet --measure lin",
            "taxonomy generate icons --builder hypernyms --policy least",
            "taxonomy generate icons --builder cooccurrence --tasks icons/tasks.json",
            "taxonomy generate icons --source random --help   (shows the options of random)",
        ),
        _generate_flags,
        _generate,
    ),
    Command(
        "refine",
        "Move and swap classes between a tree's lowest nodes while Dasgupta's cost falls.",
        (
            "taxonomy refine icons/hypernyms --labels icons --source embedding",
            "taxonomy refine tree.json --labels icons --most-leaves 40,12 --out refined.json",
        ),
        _refine_flags,
        _refine,
    ),
    Command(
        "show",
        "Print a tree.",
        ("taxonomy show icons/wordnet", "taxonomy show tree.json --classes cat,dog,car"),
        _show_flags,
        _show,
    ),
    Command(
        "check",
        "Check a tree file: errors that make it unusable, warnings, notes.",
        ("taxonomy check tree.json", "taxonomy check tree.json --labels icons"),
        _check_flags,
        _check,
    ),
    Command(
        "compare",
        "Compare trees over the labels they share.",
        (
            "taxonomy compare icons/wordnet icons/embedding",
            "taxonomy compare a.json b.json --samples 100 --metrics robinson_foulds",
        ),
        _compare_flags,
        _compare,
    ),
)
