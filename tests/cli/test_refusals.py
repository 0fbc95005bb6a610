"""One helpful line for every bad input, of which nothing is left behind."""

from __future__ import annotations

import logging
import shlex
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from taxonomy._core.options import with_flags
from taxonomy._core.process import Notes
from taxonomy.cli import main
from taxonomy.nets import save_net
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.command_line import NESTED, run, save_run, small_net


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
        "answers.csv": "true,predicted\ncat,dog\n",
        "curve.csv": "cat,dog\nbus,car,cat\n",
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
    ("extract icons/tree --classes cat --width 0.5", "at --width 1, not at 0.5", "train it with"),
    ("cost icons/tree --classes cat --width 2", "--width is 2", "such as 0.5"),
    ("train --data icons --flat --widths 0.5,2", "--widths is 2", "such as 0.5"),
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
    ("score answers.csv tree.json --split test", "a run's folder", "--split; leave it out"),
]


@pytest.mark.parametrize(("command", "culprit", "step"), BAD, ids=[row[0] for row in BAD])
def test_bad_input_gets_one_line_and_leaves_nothing(here, capsys, command, culprit, step):
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
    "command",
    [
        "convert tree.json tree.json --to newick",
        "convert link.json tree.json",
        "convert tree.json sub/../tree.json",
        "name tree.json --out tree.json",
        "refine tree.json --labels two.txt --source random --out tree.json",
        "tasks tree.json --sizes 2 --out tree.json",
        "design tree.json --tasks curve.csv --out tree.json",
        "labels scores.csv --out scores.csv",
        "senses scores.csv --out scores.csv",
        "generate two.txt --source precomputed --path scores.csv --out scores.csv",
        "extract net.safetensors --classes cat --out net.safetensors",
        "extract run --classes cat --out run/model.safetensors",
        "name run --out run/hierarchy.json",
        "curve run --tasks curve.csv --out curve.png",
        "compare first/tree.json run --out first",
        "llm diff a.jsonl.xz scores.csv --out scores.csv",
    ],
)
def test_no_command_writes_over_what_it_reads(here, capsys, command):
    """Whatever it is called by, and whether it is the file asked for or one that stands beside."""
    prepare(here)
    save_run(here / "run")
    (here / "run" / "config.json").write_text("{}")
    save_net(here / "run" / "model.safetensors", small_net())
    (here / "first").mkdir()
    (here / "first" / "comparison.json").touch()
    Hierarchy.star(["cat", "dog", "bus", "car"]).save(here / "first" / "tree.json")
    (here / "sub").mkdir()
    (here / "link.json").symlink_to("tree.json")
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    assert main(command.split()) == 2
    assert "cannot be written (this command reads it)" in capsys.readouterr().err
    for path, data in before.items():
        assert path.read_bytes() == data


def test_a_run_may_be_scored_into_its_own_folder(here, capsys):
    save_run(here / "run")
    (here / "run" / "config.json").write_text("{}")
    run(capsys, "evaluate", "run", "--out", "run")
    assert (here / "run" / "scores.csv").is_file()


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
        ("extract icons/tree --classes cat --micro", "an option of --target tflite"),
        ("extract icons/tree --classes cat --target onnx --micro", "of --target tflite"),
        ("extract icons/tree --classes cat --input float", "--target onnx or --target openvino"),
        ("convert a.nwk b.json --underscores spaces", "of --from newick or --from nexus"),
        ("name a.nwk --model m", "an option of --by model"),
        ("llm export icons --strategy rows --depth 2", "of --strategy groups or --strategy assign"),
        ("llm diff a b --note m", "--note is an option of transcript"),
        ("llm diff a b --outt m", "Did you mean '--out'?"),
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
    assert shown == "warning: Start from one (--init-from icons/tree)."


def test_notes_stand_alone_on_the_terminal():
    script = (
        "import logging, sys; from taxonomy._core.process import Notes;"
        "logging.basicConfig(level=logging.INFO, handlers=[Notes(sys.stderr)]);"
        "logging.info('epoch 1'); logging.warning('few pictures')"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stderr
    assert said.split(b"\n") == [b"epoch 1", b"warning: few pictures", b""]


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


def test_an_unknown_command_gets_a_suggestion(capsys):
    assert main(["trane"]) == 2
    assert "Unknown command 'trane'. Did you mean 'train'?" in capsys.readouterr().err
