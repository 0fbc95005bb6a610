"""The command: what it writes and says, and one helpful line for every bad input."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from taxonomy._core.options import with_flags
from taxonomy._core.process import Notes
from taxonomy.cli import main
from taxonomy.cli._parsers import SUMMARIES
from taxonomy.data import DATASETS
from taxonomy.design.spec import NetSpec
from taxonomy.formats import get_tree
from taxonomy.labels import LabelSet
from taxonomy.nets import build_net, get_net, save_net
from taxonomy.predictions import Predictions
from taxonomy.tasks import Task, TaskList
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.stripes import TREE, picture_folder

NESTED = [["cat", "dog"], ["bus", "car"]]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys, *argv) -> list[str]:
    """Run a command that must work and return what it printed, by line."""
    code = main(argv)
    printed = capsys.readouterr()
    assert (code, printed.err) == (0, "")
    return printed.out.splitlines()


class TestCommands:
    def test_labels(self, here, capsys):
        (here / "classes.txt").write_text("dog\ncat\n")
        lines = run(capsys, "labels", "classes.txt", "--out", "sorted.csv")
        assert [line.split("\t")[0] for line in lines[:2]] == ["cat", "dog"]
        assert lines[-1] == "labels written to sorted.csv"
        assert LabelSet.read("sorted.csv") == LabelSet(["cat", "dog"])

    @pytest.mark.parametrize(
        "options",
        [
            ["--source", "wordnet", "--levels", "3,9", "--measure", "path"],
            ["--source=random", "--seed", "4", "--levels", ""],
            ["--builder", "hypernyms"],
            ["--builder", "star"],
        ],
    )
    def test_generate(self, here, capsys, options):
        lines = run(capsys, "generate", "icons", *options)
        tree = Hierarchy.load("tree.json")
        assert len(tree.leaves) == 212
        assert lines[-2] == f"tree {tree.digest[:12]} written to tree.json"
        assert lines[-1] == "next: taxonomy show tree.json"

    def test_generate_says_what_bounds_cost(self, here, capsys):
        lines = run(capsys, "generate", "icons", "--builder", "shaped", "--source", "random")
        assert lines[1].startswith("fit: Dasgupta's cost is 0.93 of chance (1 is a random tree")
        assert "the source knows little about these classes" in lines[1]
        assert "0.651 for the dendrogram without bounds" in lines[2]
        stored = Hierarchy.load("tree.json").provenance["bounds_cost"]
        assert stored["before"]["dasgupta_cost"] < stored["after"]["dasgupta_cost"]
        assert stored["after"]["dasgupta_cost"] < stored["after"]["by_chance"]
        lines = run(capsys, "generate", "icons", "--levels", "")
        assert not any("bounds" in line for line in lines)
        lines = run(capsys, "generate", "icons", "--quiet")
        assert [line.split()[0] for line in lines] == ["tree", "next:"]

    def test_generate_stores_stability_and_plot_shows_it(self, here, capsys):
        (here / "classes.txt").write_text("cat\ndog\nhorse\ncar\nbus\n")
        options = ("--senses", "first", "--levels", "", "--out", "t.json")
        run(capsys, "generate", "classes.txt", *options, "--stability", "4")
        stored = Hierarchy.load("t.json")
        assert stored.support[0] == 1
        assert set((stored.support[stored.nodes] * 4) % 1) == {0}
        assert stored.provenance["stability"].keys() == {"runs", "noise", "seed"}
        lines = run(capsys, "plot", "t.json", "--classes", "cat,dog,car", "--out", "t.png")
        assert lines == ["3 classes drawn to t.png"]
        with Image.open("t.png") as picture:
            assert picture.width > 500
        lines = run(capsys, "plot", "icons/wordnet")
        assert lines[0] == "212 classes drawn to tree.png"
        assert "--stability" in lines[1]

    def test_refine(self, here, capsys):
        lines = run(capsys, "refine", "icons/hypernyms", "--labels", "icons", "--out", "r.json")
        before, now = (float(word) for word in lines[0].split() if word[0] == "0")
        assert now < before
        assert len(Hierarchy.load("r.json").leaves) == 212
        lines = run(capsys, "refine", "r.json", "--labels", "icons")
        assert lines[0].split()[4] == lines[0].split()[6]  # nothing is left to gain

    def test_compare_says_where_expected_values_come_from(self, here, capsys):
        Hierarchy.from_nested(NESTED).save("a.json")
        Hierarchy.star(["cat", "dog", "car", "bus"]).save("b.json")
        lines = run(capsys, "compare", "a.json", "b.json", "--samples", "9", "--moved", "0")
        assert lines[-1].startswith("_p is from random relabellings")
        assert "baker_gamma" not in lines[-1]

    def test_generate_reports_guessed_senses(self, here, capsys):
        (here / "classes.txt").write_text("cat\ndog\nhorse\n")
        lines = run(capsys, "generate", "classes.txt", "--senses", "first", "--out", "t.json")
        assert "first WordNet sense was taken for 3 labels; check them: cat = cat.n.01" in lines[-3]

    def test_show(self, here, capsys):
        Hierarchy.from_nested(NESTED).save("tree.json")
        lines = run(capsys, "show", "tree.json", "--classes", "cat, car")
        assert lines[:-1] == ["(2)", "├── (1)", "│   └── car", "└── (1)", "    └── cat"]
        lines = run(capsys, "show", "tree.json", "--out", "tree.txt")
        assert lines[-2].endswith("text written to tree.txt")
        assert (here / "tree.txt").read_text().count("\n") == 7

    def test_compare(self, here, capsys):
        Hierarchy.from_nested(NESTED).save("a.json")
        Hierarchy.star(["cat", "dog", "car", "bus"]).save("b.json")
        lines = run(capsys, "compare", "a.json", "b.json", "--out", "table.csv")
        assert lines[-1] == "written to table.csv"
        assert (here / "table.csv").read_text().splitlines()[1].startswith("a.json,b.json,4,")

    def test_compare_writes_a_report(self, here, capsys):
        Hierarchy.from_nested(NESTED).save("a.json")
        Hierarchy.star(["cat", "dog", "car", "bus"]).save("b.json")
        words = ("compare", "a.json", "b.json", "--out", "report", "--metrics", "triplet_distance")
        assert run(capsys, *words)[-1] == "written to report/report.html"
        assert "a.json and b.json" in (here / "report" / "report.html").read_text()

    def test_compare_takes_shipped_trees(self, here, capsys):
        lines = run(capsys, "compare", "icons/wordnet", "icons/embedding", "--moved", "2")
        assert any(line.split() == ["labels", "212"] for line in lines)
        assert lines[-3] == "moved farthest from icons/wordnet to icons/embedding:"

    def test_extract(self, here, capsys):
        save_net("net.safetensors", small_net())
        lines = run(
            capsys,
            "extract",
            "net.safetensors",
            "--classes",
            "dog, cat",
            "--out",
            "pets.safetensors",
        )
        assert lines[0] == "expert for 2 of 4 classes: cat, dog"
        assert lines[-2].startswith("expert written to pets.safetensors")
        assert lines[-1] == "next: taxonomy evaluate pets.safetensors --data FOLDER"
        assert get_net("pets.safetensors").classes == ("cat", "dog")

    def test_a_stopped_training_resumes_with_its_own_settings(self, here, capsys, monkeypatch):
        """Interrupted after the first of two epochs; --resume needs none of the flags again."""
        from taxonomy.training.run import Metrics

        picture_folder(here / "data")
        TREE.save("tree.json")
        NetSpec.tree(trunk=((6, 0),), levels=((6, 1),), resolution=16).save("spec.json")
        given = ["--data", "data", "--hierarchy", "tree.json", "--spec", "spec.json"]
        flags = ["--epochs", "2", "--clade", "0.5", "--ema", "0.9", "--precision", "fp32"]
        assert main(["train", *given, *flags, "--out", "whole"]) == 0
        add = Metrics.add

        def stop(self, row):
            add(self, row)
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Metrics, "add", stop)
            assert main(["train", *given, *flags, "--out", "stopped"]) == 130
        assert not (here / "stopped" / "manifest.json").exists()
        assert main(["train", "--resume", "--out", "stopped"]) == 0
        whole, stopped = (
            (here / name / "model.safetensors").read_bytes() for name in ("whole", "stopped")
        )
        assert whole == stopped
        assert len((here / "stopped" / "metrics.jsonl").read_text().splitlines()) == 2
        capsys.readouterr()

    def test_a_dedicated_network_is_trained_on_its_classes_alone(self, here, capsys):
        picture_folder(here / "data")
        NetSpec.flat((6,), resolution=16).save("spec.json")
        flags = ["--classes", "plain,across-fine", "--spec", "spec.json", "--epochs", "1"]
        assert main(["train", "--data", "data", "--flat", *flags, "--out", "run"]) == 0
        capsys.readouterr()
        assert get_net("run").classes == ("across-fine", "plain")
        assert run(capsys, "evaluate", "run")[1] == "20 pictures, 2 classes"
        assert main(["train", "--resume", "--out", "run"]) == 0  # knows its classes
        capsys.readouterr()

    def test_evaluate_a_network_s_file_on_pictures(self, here, capsys):
        """What is computed anew is what a run has stored; an expert sees its classes alone."""
        picture_folder(here / "data")
        TREE.save("tree.json")
        NetSpec.tree(trunk=((6, 0),), levels=((6, 1),), resolution=16).save("spec.json")
        given = ["--data", "data", "--hierarchy", "tree.json", "--spec", "spec.json"]
        assert main(["train", *given, "--epochs", "1", "--out", "run"]) == 0
        capsys.readouterr()
        stored = run(capsys, "evaluate", "run")
        file = "run/model.safetensors"
        assert run(capsys, "evaluate", file, "--data", "data") == stored
        run(capsys, "extract", file, "--classes", "plain,across-fine", "--out", "two.safetensors")
        of_two = run(capsys, "evaluate", "two.safetensors", "--data", "data")
        assert of_two[:4] == run(capsys, "evaluate", "run", "--classes", "plain,across-fine")[:4]

    def test_evaluate(self, here, capsys):
        save_run(here / "run")
        Hierarchy.from_nested(["cat", [["dog", "car"], "bus"]]).save("other.json")
        lines = run(capsys, "evaluate", "run", "--out", "scores")
        assert lines[:3] == [
            "val split",
            "4 pictures, 4 classes",
            "accuracy: top-1 50.00%, top-5 100.00%",
        ]
        assert lines[3].startswith("mistakes: severity 1.500,")  # cat for dog, cat for car
        assert not any("experts by kind" in line for line in lines)  # no tasks of these classes
        assert lines[-1].endswith(
            "scores.csv, levels.csv, classes.csv, groups.csv, reliability.csv"
        )
        assert (here / "scores" / "classes.csv").read_text().count("\n") == 5
        lines = run(capsys, "evaluate", "run", "--hierarchy", "other.json")
        assert lines[3].startswith("mistakes: severity 3.000,")
        lines = run(capsys, "evaluate", "run", "--classes", "cat,dog")
        assert lines[1] == "2 pictures, 2 classes"

    def test_evaluate_experts_by_kind_of_task(self, here, capsys):
        save_run(here / "run")
        TaskList([Task("pets", ("cat", "dog"))], ["bus", "car", "cat", "dog"]).save("tasks.json")
        lines = run(capsys, "evaluate", "run", "--tasks", "tasks.json", "--out", "scores")
        assert lines[-3].split()[-1] == "calibration_error"
        table = (here / "scores" / "tasks.csv").read_text().splitlines()
        assert table[0] == "task,kind,reference,size,accuracy,params,macs,calibration_error"
        assert table[1].startswith("pets,named,,2,0.5,")

    def test_tasks_of_one_s_own_work_everywhere(self, here, capsys):
        """One line of classes a task; sizes are counted, and kinds are words of one's own."""
        save_run(here / "run")
        Hierarchy.from_nested(NESTED).save("tree.json")
        (here / "mine.csv").write_text("cat,dog\nbus,car,cat\n")
        lines = run(capsys, "evaluate", "run", "--tasks", "mine.csv")
        assert [line.split()[:3] for line in lines[-2:]] == [
            ["named", "2", "1"],
            ["named", "3", "1"],
        ]
        assert "NaN" not in lines[-1].split()[-1]
        lines = run(capsys, "curve", "run", "--tasks", "mine.csv", "--size", "3")
        assert lines[1].split()[:4] == ["run", "named", "3", "1"]
        assert (here / "curve.png").exists()
        budget = ["--widths", "8", "--trunk-widths", "4", "--depths", "0", "--best", "1"]
        assert (
            "over 2 tasks" in run(capsys, "design", "tree.json", "--tasks", "mine.csv", *budget)[0]
        )
        assert "over 16 tasks" in run(capsys, "design", "tree.json", *budget)[0]

    def test_tasks_drawn_from_a_tree_are_drawn_in_the_figure(self, here, capsys):
        save_run(here / "run")
        lines = run(capsys, "tasks", "run", "--sizes", "2", "--count", "3")
        assert lines == [
            "9 tasks over 4 classes: 3 coherent, 3 mixed, 3 random",
            "written to tasks.json",
        ]
        lines = run(capsys, "curve", "run", "--tasks", "tasks.json")
        assert [line.split()[1] for line in lines[1:4]] == ["coherent", "mixed", "random"]
        run(capsys, "tasks", "run", "--sizes", "2", "--count", "3", "--out", "tasks.csv")
        assert len((here / "tasks.csv").read_text().splitlines()) == 9

    @pytest.mark.parametrize("command", list(SUMMARIES))
    def test_help_shows_an_example(self, capsys, command):
        with pytest.raises(SystemExit) as stopped:
            main([command, "--help"])
        assert stopped.value.code == 0
        out = capsys.readouterr().out
        assert f"examples:\n  taxonomy {command}" in out

    @pytest.mark.parametrize("name", DATASETS.names())
    def test_help_of_train_shows_the_options_of_the_data(self, capsys, name):
        """No option of a data set may be called like one of training."""
        with pytest.raises(SystemExit) as stopped:
            main(["train", "--data", name, "--help"])
        assert stopped.value.code == 0
        out = capsys.readouterr().out
        assert "--coarse" in out
        assert ("--held-out" in out) == (name != "icons")

    def test_help_of_the_whole(self, capsys):
        for words in (["--help"], ["-h"], []):
            out = "\n".join(run(capsys, *words))
            assert "A first one:" in out
            assert all(f"  {name} " in out for name in SUMMARIES)

    def test_help_of_a_source_shows_its_options(self, capsys):
        with pytest.raises(SystemExit):
            main(["generate", "icons", "--source", "random", "--help"])
        assert "--seed" in capsys.readouterr().out


def small_net():
    return build_net(
        NetSpec.tree(trunk=((4, 0),), levels=((4, 0), (4, 0))),
        Hierarchy.from_nested(NESTED),
        seed=0,
    )


def save_run(folder):
    """Write what a finished run holds, but for its network: cat is named for dog and for car."""
    net = small_net()
    folder.mkdir()
    net.hierarchy.save(folder / "hierarchy.json")
    net.spec.save(folder / "spec.json")
    logits = np.array([[3, 0, 1, 0], [0, 0, 1, 0], [0, 0, 1, 0], [0, 0, 2, 1]])
    Predictions(net.classes, logits, [0, 1, 2, 3], "val").save(folder / "predictions-val.npz")
    (folder / "manifest.json").write_text("{}")


def prepare(folder):
    """Write everything that the bad inputs below refer to."""
    files = {
        "twice.txt": "cat\ndog\ncat\n",
        "empty.txt": "\n",
        "two.txt": "cat\ndog\n",
        "twelve.txt": "\n".join(f"thing {i}" for i in range(12)),
        "wnid.csv": "id,wnid\ncat,2121620\n",
        "half.json": '{"format": "taxonomy-hierarchy", "version": 1, "nod',
        "other.json": "{}",
        "scores.csv": ",cat,dog\ncat,1,2\ndog,2,1\n",
        "spec.json": '{"trunk": [{"width": 0}]}',
        "small.json": '{"trunk": [{"width": 4}], "resolution": 16}',
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    tree = Hierarchy.from_nested(NESTED)
    tree.save(folder / "tree.json")
    (folder / "edited.json").write_text(tree.to_json().replace('"cat"', '"lion"'))
    save_net(folder / "net.safetensors", small_net())
    whole = (folder / "net.safetensors").read_bytes()
    (folder / "torn.safetensors").write_bytes(whole[: len(whole) // 2])
    for name in ("cat", "dog"):
        (folder / "pictures" / name).mkdir(parents=True)
        grey = np.zeros((8, 8), np.uint8)
        for i in range(4):
            Image.fromarray(grey).save(folder / "pictures" / name / f"{i}.png")
            for kind in ("good", "hollow"):
                (folder / kind / name).mkdir(parents=True, exist_ok=True)
                if (kind, name) != ("hollow", "dog"):
                    Image.fromarray(grey).save(folder / kind / name / f"{i}.png")
    nested = {"children": ["cat", {"name": "dog", "leaves": ["beagle", "poodle"]}]}
    Hierarchy.from_nested(nested).save(folder / "kinds.json")
    (folder / "pictures" / "dog" / "torn.png").write_bytes(b"\x89PNG")
    (folder / "empty").mkdir()
    (folder / "one" / "train" / "cat").mkdir(parents=True)
    Image.new("L", (8, 8)).save(folder / "one" / "train" / "cat" / "x.png")
    Hierarchy.star(["cat"]).save(folder / "one.json")


BAD = [
    # command, culprit, next step
    ("labels twice.txt", "'cat' (line 1, line 3) occurs twice", "unique"),
    ("labels empty.txt", "empty.txt", "at least one"),
    ("labels wnid.csv", "'2121620'", "such as n02121808"),
    ("labels none.csv", "none.csv", "Give a file with"),
    ("labels empty", "empty", "expected empty/CLASS"),
    ("labels two.txt --out empty", "empty: is a folder", "name a file that ends in .csv"),
    ("labels two.txt --out two.txt/x.csv", "two.txt", "choose another place"),
    ("generate iconss", "iconss", "shipped set: cifar-10, cifar-100, icons"),
    ("generate icons --source wordnett", "'wordnett'", "Did you mean 'wordnet'"),
    ("generate icons --builder clustr", "'clustr'", "Did you mean 'cluster'"),
    ("generate two.txt", "'cat' has no WordNet synset", "taxonomy senses LABELS"),
    ("generate two.txt --source random --levels 3", "3 groups of 2", "at most 2 groups"),
    ("generate twelve.txt --source random --levels 4,2", "[4, 2]", "such as 12,48"),
    ("generate twelve.txt --source random --levels 3 --slack 0.5", "0.5", "at least 1"),
    ("generate twelve.txt --source random --levels 3 --least 9", "need 27", "ask for at most"),
    ("generate two.txt --source precomputed", "'precomputed' needs a file", "path"),
    ("generate two.txt --source precomputed --path none.csv", "none.csv", "cannot be read"),
    (
        "generate two.txt --source precomputed --path scores.csv",
        "2 is outside 0 to 1",
        "give --scale",
    ),
    ("generate two.txt --source embedding --template x", "'x'", "{name}"),
    ("generate two.txt --source embedding --model empty", "'empty'", "Give a folder"),
    ("show none.json", "none.json: no such file", "the name of a shipped tree"),
    ("show half.json", "half.json", "not valid JSON"),
    ("show other.json", "other.json", "name its format: taxonomy convert --help"),
    ("check icons", "icons: no such file", "taxonomy generate icons"),
    ("show edited.json", "edited.json", "Generate it again"),
    ("show empty", "empty/hierarchy.json: no such file", "a run's folder"),
    ("show two.txt", "two.txt: the content is of none", "taxonomy generate two.txt"),
    ("check two.txt", "two.txt: the content is of none", "taxonomy generate two.txt"),
    ("show tree.json --classes kat", "'kat'", "Did you mean 'cat'"),
    ("show tree.json --classes cat,cat", "'cat'", "twice"),
    ("show tree.json --classes ''", "No classes", "at least one"),
    ("compare tree.json", "Comparison", "at least two trees"),
    ("compare tree.json tree.json", "twice", "once"),
    ("compare tree.json icons/none", "icons/none: no such file", "taxonomy list trees"),
    ("extract net.safetensors --classes kat", "'kat'", "Did you mean 'cat'"),
    ("extract icons/tree --classes cat --out e.onnx", "in .safetensors", "--target onnx"),
    ("extract icons/tree --classes cat --out pets", "in .safetensors", "--target onnx"),
    ("extract icons/tree --classes cat --target onnx --out e.onnx", "is a folder", "model.onnx"),
    ("generate icons --out t.onnx", "'.onnx'", "--target onnx"),
    ("generate icons --out t.pdf", "'.pdf' names no format", "written as"),
    ("plot icons/wordnet --out t.tex", "'.tex'", ".png, .svg or .pdf"),
    ("curve icons/tree --out t", "without an ending", ".png, .svg or .pdf"),
    ("tasks icons/wordnet --out t.txt", "'.txt'", ".json or .csv"),
    ("compare icons/wordnet icons/random --out t.xlsx", "'.xlsx'", "in .csv"),
    ("curve icons/tree --size 0", "--size 0", "the tasks have: "),
    ("evaluate icons/tree --device tpu", "'tpu'", "choose from: cpu, cuda, mps"),
    ("tasks tree.json --sizes 9", "4 classes", "smaller --sizes"),
    ("name tree.json --set cat=pet", "'pet'", "cat,dog=pets"),
    ("name tree.json --set pets", "'pets'", "CLASS,CLASS=NAME"),
    ("extract icons/tree --task kitchn", "'kitchn'", "Did you mean 'kitchen'"),
    ("extract net.safetensors --task kitchen", "No task list is shipped", "as --tasks"),
    ("design icons/wordnet --size 3", "no task", "leave out --kind and --size"),
    ("design icons/hypernyms", "10 levels", "fewer levels"),
    ("extract torn.safetensors --classes cat", "torn.safetensors", "damaged"),
    ("extract tree.json --classes cat", "tree.json: is a tree", "a network is wanted"),
    ("evaluate tree.json", "tree.json: is a tree", "a network is wanted"),
    ("evaluate icons/wordnet", "is a shipped tree", "a network is wanted"),
    ("extract icons/tre --classes cat", "icons/tre", "Did you mean 'icons/tree'"),
    ("extract none --classes cat", "none", "make one: taxonomy train"),
    ("evaluate none.safetensors", "none.safetensors", "make one: taxonomy train"),
    ("evaluate net.safetensors --data good", "'bus'", "2 classes"),
    ("evaluate empty", "empty", "taxonomy train --resume --out empty"),
    ("curve empty", "empty", "taxonomy train --resume --out empty"),
    ("train --data pictures --flat --out run", "dog/torn.png", "Replace or remove"),
    ("train --data nowhere --flat --out run", "'nowhere'", "Choose from"),
    ("train --data no/where --flat --out run", "no/where", "no such folder"),
    ("train --data cifar10 --archive none --flat --out run", "none", "--download when-missing"),
    ("train --data hub --flat --out run", "'hub'", "--name"),
    (
        "train --data icons --flat --out run --spec small.json",
        "'icons' have 32 pixels",
        "resolution 32",
    ),
    (
        "train --data good --hierarchy tree.json --out run",
        "2 classes ('bus', 'car') are each in the tree",
        "--without-data drop",
    ),
    (
        "train --data good --hierarchy one.json --out run",
        "'dog' is in the data",
        "--unknown drop",
    ),
    (
        "train --data good --hierarchy kinds.json --out run",
        "'dog' is in the data, and an inner",
        "--coarse drop",
    ),
    ("train --data hollow --flat --out run", "hollow/dog", "fill or remove"),
    ("evaluate run --hierarchy one.json", "run", "make one: taxonomy train"),
    ("train --data icons --flat --spec spec.json --out run", "spec.json: trunk[0]", "from 1 to"),
    ("train --data icons --flat --width nan --out run", "nan", "positive number"),
    ("train --data icons --flat --width 0 --out run", "0.0", "positive number"),
    ("train --data icons --hierarchy half.json --out run", "half.json", "not valid JSON"),
    ("train --data icons --hierarchy tree.json --out run", "classes", "data"),
    ("train --data one --hierarchy one.json --out run", "neither 'val' nor 'test'", "three splits"),
    ("train --data icons --flat --epochs 0 --out run", "epoch", "at least 1"),
    ("train --resume --out none", "none", "no run to continue"),
    ("train --resume --out none --epochs 9 --flat", "its own settings", "--epochs, --flat"),
    (
        "train --data icons --flat --hierarchy tree.json --out run",
        "--flat has no tree",
        "leave out --hierarchy",
    ),
    (
        "train --data icons --flat --teacher icons/flat --out run",
        "No loss reads the --teacher",
        "--distill 1",
    ),
    (
        "train --data icons --flat --reference icons/wordnet --out run",
        "No loss reads the --reference",
        "--clade 0.5",
    ),
    ("train --data icons --flat --freeze-trunk --out run", "frozen trunk", "--init-from"),
    ("train --flat --out run", "pictures", "--data"),
    ("train --data icons --out run", "tree", "--hierarchy"),
    ("train --data icons --flat --backbone resnet18:1 --out run", "backbone", "--spec"),
    ("train --data icons --flat --classes cat,unicorn --out run", "'unicorn'", "212 classes"),
]


@pytest.mark.parametrize(("command", "culprit", "step"), BAD, ids=[row[0] for row in BAD])
def test_bad_input_gets_one_line_and_leaves_nothing(here, capsys, command, culprit, step):
    import shlex

    prepare(here)
    before = sorted(here.rglob("*"))
    assert main(shlex.split(command)) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("taxonomy: ")
    assert printed.err.count("\n") == 1
    assert culprit in printed.err
    assert step in printed.err
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize(
    ("command", "culprit"),
    [
        ("generate icons --linkage averge", "Did you mean 'average'?"),
        ("generate icons --sorce random", "Did you mean '--source'?"),
        ("extract icons/tree --clases cat", "Did you mean '--classes'?"),
        ("generate icons --groups 4", "an option of --builder"),
        ("generate icons --policy least", "an option of --builder hypernyms"),
        ("train --data icons --held-out 0.1 --flat", "an option of --data"),
        ("generate icons --levels 12;48", "12;48"),
        ("generate icons --source random --measure path", "--measure"),
        ("generate icons --sourc random", "--sourc"),
        ("extract net.safetensors", "--classes"),
    ],
)
def test_flags_that_do_not_exist_are_named(here, capsys, command, culprit):
    with pytest.raises(SystemExit) as stopped:
        main(command.split())
    assert stopped.value.code == 2
    assert culprit in capsys.readouterr().err
    assert list(here.iterdir()) == []


def test_warnings_name_flags_as_errors_do():
    said = logging.LogRecord(
        "taxonomy", 30, "", 0, "Start from one (`init_from='icons/tree'`).", (), None
    )
    shown = Notes(sys.stderr, lambda text: with_flags(text, {"init_from": "--init-from"})).format(
        said
    )
    assert shown == "Start from one (--init-from icons/tree)."


@pytest.mark.skipif(sys.platform == "win32", reason="closes a pipe as POSIX does")
def test_files_are_written_though_nobody_reads_what_is_printed(here):
    """As with "| head": the list is longer than what a pipe's buffer holds back."""
    command = [sys.executable, "-m", "taxonomy", "labels", "icons", "--out", "icons.csv"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        run.stdout.close()
        assert run.stderr.read() == b""
    assert run.returncode == 0
    assert len((here / "icons.csv").read_text(encoding="utf-8").splitlines()) == 213


def test_a_picture_says_what_no_node_shows(here, capsys):
    """Nodes are coloured by group in every kind; support is what is lacking."""
    out = run(capsys, "plot", "icons/wordnet", "--classes", "cat", "--out", "one.png")
    assert out[0] == "1 class drawn to one.png"
    assert out[1].startswith("no support is shown;")


def test_classes_that_are_empty_are_not_all(capsys):
    for flag in ("--classes", "--under", "--task"):
        assert main(["cost", "icons/tree", flag, ""]) == 2
        assert "No classes were given" in capsys.readouterr().err


def test_what_is_of_a_bundle_alone_is_refused_without_one(here, capsys):
    words = ["extract", "icons/tree", "--classes", "cat,dog", "--reject", "both"]
    assert main([*words, "--out", "pets.safetensors"]) == 2
    said = "taxonomy: --reject and --data are of a bundle; name its --target, too.\n"
    assert capsys.readouterr().err == said
    assert list(here.iterdir()) == []


def test_one_is_not_several(here, capsys):
    (here / "one.nwk").write_text("(cat);")
    assert run(capsys, "show", "one.nwk")[-1] == (
        "1 class, 0 nodes, depth 1, 0 top groups, lowest groups of 1 to 1 class"
    )
    assert all(" 0 classes" not in line for line in run(capsys, "list"))


def test_an_unknown_command_gets_a_suggestion(capsys):
    assert main(["trane"]) == 2
    assert "Unknown command 'trane'. Did you mean 'train'?" in capsys.readouterr().err


def test_of_a_repeated_flag_the_last_counts(here, capsys):
    """Its flags are those of the source that is used."""
    (here / "two.txt").write_text("cat\ndog\n")
    run(
        capsys, *["generate", "two.txt", "--source", "wordnet", "--source", "random", "--seed", "1"]
    )
    assert Hierarchy.load("tree.json").provenance["source"]["made_by"] == "random"


def test_an_interrupt_is_answered(monkeypatch, here, capsys):
    def stop(name):
        raise KeyboardInterrupt

    monkeypatch.setattr("taxonomy.cli.labels.get_labels", stop)
    assert main(["labels", "icons"]) == 130
    assert capsys.readouterr().err == "taxonomy: interrupted; the same command continues.\n"


def test_a_shipped_tree_can_be_checked(capsys):
    assert run(capsys, "check", "icons/wordnet")[-1].startswith("0 errors")


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_trees_are_printed_whatever_the_encoding(encoding):
    """As with ``taxonomy show … > t.txt`` on Windows."""
    words = [sys.executable, "-m", "taxonomy", "show", "icons/wordnet", "--classes", "cat,dog"]
    environment = {
        **os.environ,
        "PYTHONIOENCODING": encoding,
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    done = subprocess.run(words, env=environment, capture_output=True, check=True)
    assert "└──" in done.stdout.decode()


class TestTreesOfOtherFormats:
    def test_convert_says_what_is_lost(self, here, capsys):
        lines = run(capsys, "convert", "icons/hypernyms", "tree.npz")
        assert lines[0].startswith("tree ")
        assert lines[1].startswith("the file does not hold ")
        assert "names of nodes" in lines[1]
        lines = run(capsys, "convert", "icons/hypernyms", "tree.nwk")
        assert lines[1:] == ["the file does not hold what made the tree (its provenance)"]
        run(capsys, "convert", "tree.nwk", "back.json")
        assert Hierarchy.load("back.json") == get_tree("icons/hypernyms")

    def test_formats_and_their_options_can_be_named(self, here, capsys):
        (here / "t.txt").write_text("fork kitchen\nspoon kitchen\n")
        words = ("convert", "t.txt", "t.json", "--from", "edges", "--order", "child-parent")
        run(capsys, *words)
        assert Hierarchy.load("t.json").leaves == ("fork", "spoon")
        run(capsys, "convert", "t.json", "n.json", "--to", "node-link")
        assert '"links"' in (here / "n.json").read_text()
        run(capsys, "convert", "n.json", "n.nwk", "--to", "newick", "--comments")
        assert (here / "n.nwk").read_text() == "(fork,spoon)kitchen;\n"

    def test_several_parents_need_a_policy(self, here, capsys, caplog):
        (here / "t.txt").write_text("a x\nb x\nb y\nr a\nr b\na z\n")
        assert main(["convert", "t.txt", "t.json"]) == 2
        assert "choose by --parents: first, deepest" in capsys.readouterr().err
        assert not (here / "t.json").exists()
        assert main(["convert", "t.txt", "t.json", "--parents", "first"]) == 0
        assert "1 node has several parents, such as 'x'" in caplog.text
        capsys.readouterr()
        assert run(capsys, "check", "t.txt")[0].startswith("in reading: 1 node has several")

    def test_every_command_takes_them_by_path(self, here, capsys):
        (here / "a.nwk").write_text("((cat,dog)pets,(bus,car));")
        (here / "b.yaml").write_text("pets: [cat, bus]\nroad: [car, dog]\n")
        assert "pets (2)" in "\n".join(run(capsys, "show", "a.nwk"))
        assert run(capsys, "compare", "a.nwk", "b.yaml", "--moved", "0")
        assert run(capsys, "plot", "b.yaml")[0] == "4 classes drawn to tree.png"
        assert run(capsys, "check", "a.nwk")[-1].startswith("0 errors")

    def test_what_is_drawn_can_be_read(self, here, capsys):
        run(capsys, "show", "icons/hypernyms", "--out", "drawn.txt")
        run(capsys, "convert", "drawn.txt", "again.json")
        assert Hierarchy.load("again.json") == get_tree("icons/hypernyms")

    @pytest.mark.parametrize(
        "words", [["generate", "icons", "--source", "random"], ["name", "icons/wordnet"]]
    )
    def test_out_writes_the_format_of_its_ending_or_is_refused(self, here, capsys, words):
        run(capsys, *words, "--out", "t.nwk")
        assert (here / "t.nwk").read_text().startswith("(")
        assert main([*words, "--out", "t.pdf"]) == 2
        assert "'.pdf' names no format. Trees are written as" in capsys.readouterr().err
        assert [path.name for path in here.iterdir()] == ["t.nwk"]


WITHOUT_EXTRAS = """
import contextlib, io, sys
for name in sys.argv[1].split():
    sys.modules[name] = None
from taxonomy.cli import main
from taxonomy.cli._parsers import SUMMARIES
for command in SUMMARIES:
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()) as said:
        main([command, "--help"])
    print(command, said.getvalue().startswith("usage: taxonomy " + command))
print(said.getvalue()[-300:])
"""


def test_help_needs_nothing_installed():
    """What an extra would bring is not listed then, and the help says which one."""
    extras = "torch matplotlib openai sentence_transformers timm onnx onnxruntime datasets rdflib"
    command = [sys.executable, "-c", WITHOUT_EXTRAS.replace("SUMMARIES:", "['train', *SUMMARIES]:")]
    done = subprocess.run([*command, extras], capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.splitlines() if line.endswith((" True", " False"))]
    assert len(lines) >= 20
    assert all(line.endswith(" True") for line in lines), done.stdout + done.stderr
    assert not done.stderr


@pytest.mark.parametrize("words", [[], ["--help"], ["--version"], ["labels", "imagenet-1k"]])
def test_a_reader_that_goes_away_ends_no_command_in_a_traceback(words):
    command = [sys.executable, "-u", "-m", "taxonomy", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
