"""How a picture becomes input: values by hand, every form of picture alike, nothing else taken."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from taxonomy._core.errors import DataError
from taxonomy.data import Preprocessing, get_data
from taxonomy.data.preprocessing import picture_files
from taxonomy.nets.inputs import to_input

RED_LEFT = np.zeros((4, 8, 3), np.uint8)
RED_LEFT[:, :4, 0] = 255


def test_white_is_0_and_black_is_2():
    assert Preprocessing().encode(np.array([1.0, 0.5, 0.0])).tolist() == [0, 1, 2]
    assert Preprocessing().neutral == 1.0


def test_the_network_reads_what_the_record_says():
    """A half transparent black on white is grey: 2 - 2 * (127 / 255 * 0 + 128 / 255)."""
    pixel = torch.tensor([0, 0, 0, 127], dtype=torch.uint8).reshape(1, 4, 1, 1)
    assert to_input(pixel).flatten().tolist() == pytest.approx([2 * 127 / 255] * 3)


def test_a_picture_covers_the_square_and_keeps_its_centre(tmp_path):
    """8 by 4 to 4 by 4 without scaling: columns 2 to 5, of which two are red."""
    Image.fromarray(RED_LEFT).save(tmp_path / "a.png")
    made = Preprocessing(4).picture(tmp_path / "a.png")
    assert made.shape == (3, 4, 4)
    assert made[0].tolist() == [[255, 255, 0, 0]] * 4


def test_every_form_of_a_picture_gives_the_same(tmp_path):
    Image.fromarray(RED_LEFT).save(tmp_path / "a.png")
    how = Preprocessing(4)
    wanted = how.picture(tmp_path / "a.png")[None]
    for given in (RED_LEFT, RED_LEFT[None], Image.fromarray(RED_LEFT)):
        np.testing.assert_array_equal(how.squares(given), wanted)
    np.testing.assert_array_equal(how.squares(wanted), wanted)
    np.testing.assert_array_equal(how.squares(wanted.transpose(0, 2, 3, 1)), wanted)
    grey = RED_LEFT[..., 0]
    np.testing.assert_array_equal(how.squares(grey)[0, 1], how.squares(grey[..., None])[0, 0])


def test_a_folder_data_set_is_read_by_it(tmp_path):
    for name in ("cat", "dog"):
        for i in range(20):
            (tmp_path / name).mkdir(exist_ok=True)
            noise = np.random.default_rng(i).integers(0, 256, (9, 14, 3)).astype(np.uint8)
            Image.fromarray(noise).save(tmp_path / name / f"{i}.png")
    read = {image.tobytes() for image in get_data(tmp_path, resolution=8).images}
    files = list(picture_files(tmp_path))
    assert read == {Preprocessing(8).picture(file).tobytes() for file in files}
    assert len(files) == 40


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros((4, 4, 3)), "float64; give bytes"),
        (np.zeros((4, 4, 2), np.uint8), r"shape \(4, 4, 2\) is no picture"),
        (np.zeros((0, 4, 4, 3), np.uint8), "is no picture"),
        (np.zeros(4, np.uint8), "is no picture"),
        ("cat", "A str is no picture"),
    ],
)
def test_what_is_no_picture_is_refused(given, message):
    with pytest.raises(DataError, match=message):
        Preprocessing(4).squares(given)


def test_files_that_are_not_there_are_named(tmp_path):
    with pytest.raises(DataError, match="nope: no such picture"):
        list(picture_files(tmp_path / "nope"))
    with pytest.raises(DataError, match="holds no picture"):
        list(picture_files(tmp_path))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"scale": 1.0, "offset": 0.0}, "scale=-2"),
        ({"ground": "black"}, "ground"),
        ({"resolution": 0}, "resolution is 0"),
    ],
)
def test_another_encoding_is_refused(values, message):
    with pytest.raises(DataError, match=message):
        Preprocessing(**values)
