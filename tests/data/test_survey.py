"""What a folder of pictures holds, said before anything is decoded."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from taxonomy.data._splits import fraction
from taxonomy.data.survey import survey


def picture(path, size=(8, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((size[1], size[0]), np.uint8)).save(path)


def test_classes_splits_formats_and_sizes(tmp_path):
    for split, count in (("Train", 3), ("valid", 1), ("testing", 2)):
        for name in ("cat", "dog"):
            for i in range(count):
                picture(tmp_path / split / name / f"{i}.png")
    picture(tmp_path / "Train" / "cat" / "large.jpg", (40, 60))
    (tmp_path / "__MACOSX").mkdir()
    lines = survey(tmp_path).splitlines()
    assert lines[0] == (
        "pictures: 13 of 2 classes, 6 to 7 a class; 7 train, 2 val, 4 test (by folders)"
    )
    assert lines[1] == "formats: .png (12), .jpg (1)"
    assert lines[2].startswith("sizes: 8 x 8 to 40 x 60, most often 8 x 8 (12) pixels; 0.0 MB")
    assert len(lines) == 3


def test_drawn_splits(tmp_path):
    for i in range(40):
        picture(tmp_path / "cat" / f"{i}.png")
        picture(tmp_path / "dog" / f"{i}.png")
    drawn = [fraction(f"{name}/{i}.png") for name in ("cat", "dog") for i in range(40)]
    train, val = sum(x < 0.7 for x in drawn), sum(0.7 <= x < 0.85 for x in drawn)
    assert survey(tmp_path).splitlines()[0] == (
        f"pictures: 80 of 2 classes, 40 a class; {train} train, {val} val, {80 - train - val} test "
        "(drawn by name)"
    )


def test_what_is_left_out_and_what_lies_deeper(tmp_path):
    picture(tmp_path / "cat" / "1.png")
    picture(tmp_path / "cat" / "more" / "2.tif")
    picture(tmp_path / "dog" / "1.png")
    for name in ("notes.txt", "labels.txt", "clip.mp4", ".DS_Store", "Thumbs.db"):
        (tmp_path / "dog" / name).write_text("x")
    (tmp_path / "dog" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "dog" / "broken.png").write_bytes(b"no picture")
    lines = survey(tmp_path).splitlines()
    assert lines[0].startswith("pictures: 4 of 2 classes, 2 a class;")
    assert lines[1] == "formats: .png (3), .tif (1)"
    assert "; 1 cannot be read;" in lines[2]
    assert lines[3] == "in folders inside a class folder, and of that class: 1"
    assert lines[4] == "left out: .txt (2), .mp4 (1), broken links (1)"


def test_folders_beside_the_splits(tmp_path):
    for split in ("train", "val", "test"):
        picture(tmp_path / split / "cat" / "1.png")
    (tmp_path / "annotations").mkdir()
    assert survey(tmp_path).splitlines()[-1] == "left out, being no splits: annotations"


@pytest.mark.parametrize(
    ("folders", "said"),
    [
        (["cat"], "the class folder holds no pictures; fill or remove it"),
        ([], "holds no pictures; expected"),
        (["train/cat/x.png"], "has a folder 'train' but neither 'val' nor 'test'"),
        (["train/cat/x.png", "val/dog/x.png"], "the class has no folder in"),
    ],
)
def test_what_training_would_refuse_is_said(tmp_path, folders, said):
    for name in folders:
        if name.endswith(".png"):
            picture(tmp_path / name)
        else:
            (tmp_path / name).mkdir()
    assert said in survey(tmp_path)
    assert survey(tmp_path).startswith("pictures: ")
