"""The command: what it writes and says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from taxonomy.cli import main
from taxonomy.cli._parsers import SUMMARIES
from taxonomy.data import DATASETS
from taxonomy.design.spec import NetSpec
from taxonomy.labels import LabelSet
from taxonomy.nets import get_net, save_net
from taxonomy.tasks import Task, TaskList
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.command_line import NESTED, run, save_run, small_net
from tests.support.stripes import TREE, picture_folder


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

    def test_plot_draws_pictures_of_the_classes_that_the_data_has(self, here, capsys):
        three = ("plot", "icons/wordnet", "--classes", "cat,dog,car")
        lines = run(capsys, *three, "--data", "icons", "--out", "icons.svg")
        assert lines[0] == "3 classes drawn to icons.svg"
        assert (here / "icons.svg").read_text().count("<image ") == 3
        for name in ("cat", "plane"):
            (here / "mine" / name).mkdir(parents=True)
            for i in range(10):
                Image.new("RGB", (8, 8), (25 * i, 0, 0)).save(here / "mine" / name / f"{i}.png")
        lines = run(capsys, *three, "--data", "mine", "--kind", "radial", "--out", "mine.svg")
        assert lines[1] == "2 of them without a picture: the data has none"
        assert (here / "mine.svg").read_text().count("<image ") == 1
        assert main(["plot", "icons/wordnet", "--classes", "dog", "--data", "mine"]) == 2
        assert "mine has no picture of the tree's classes" in capsys.readouterr().err

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
        assert ("--held-out" in out) == (name not in {"icons", "icons-600"})

    def test_help_of_the_whole(self, capsys):
        for words in (["--help"], ["-h"], []):
            out = "\n".join(run(capsys, *words))
            assert "A first one:" in out
            assert all(f"  {name} " in out for name in SUMMARIES)

    def test_help_of_a_source_shows_its_options(self, capsys):
        with pytest.raises(SystemExit):
            main(["generate", "icons", "--source", "random", "--help"])
        assert "--seed" in capsys.readouterr().out


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


def test_one_is_not_several(here, capsys):
    (here / "one.nwk").write_text("(cat);")
    assert run(capsys, "show", "one.nwk")[-1] == (
        "1 class, 0 nodes, depth 1, 0 top groups, lowest groups of 1 to 1 class"
    )
    assert all(" 0 classes" not in line for line in run(capsys, "list"))


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
