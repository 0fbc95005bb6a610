"""Pictures as cameras, scanners and archives give them: orientation, depth, colours, formats."""

from __future__ import annotations

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from taxonomy._core.errors import DataError
from taxonomy.data import get_data
from taxonomy.data._decode import decode, formats, suffixes

RED, BLUE = (254, 0, 0), (0, 0, 254)
ORIENTATION = 0x0112


def saved(picture: Image.Image, kind: str, **options) -> io.BytesIO:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    stream.seek(0)
    return stream


def red_above_blue(size=(40, 60)) -> Image.Image:
    picture = Image.new("RGB", size, BLUE)
    picture.paste(RED, (0, 0, size[0], size[1] // 2))
    return picture


def side_of_red(images: np.ndarray) -> str:
    """Tell where a picture (3, H, W) is red."""
    red = images[0].astype(int) - images[2]
    half = red.shape[0] // 2
    parts = {
        "top": red[: half - 1], "bottom": red[half + 1 :],
        "left": red[:, : half - 1], "right": red[:, half + 1 :],
    }  # fmt: skip
    return max(parts, key=lambda name: parts[name].mean())


# What the first row and the first column of the stored picture are in the true one (EXIF 2.3).
@pytest.mark.parametrize(
    ("orientation", "side"),
    [(1, "top"), (2, "top"), (3, "bottom"), (4, "bottom"),
     (5, "left"), (6, "right"), (7, "right"), (8, "left")],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_pictures_stand_as_the_camera_was_held(orientation, side, kind):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stream = saved(red_above_blue(), kind, exif=exif)
    assert side_of_red(decode(stream, 8)) == side


def test_a_phones_picture_in_a_folder_stands_upright(tmp_path):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    (tmp_path / "cat").mkdir()
    red_above_blue().save(tmp_path / "cat" / "x.jpg", exif=exif)
    assert side_of_red(get_data(tmp_path, 16).images[0]) == "right"


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b"Exif\0\0", b"\xff" * 64]
)
def test_a_damaged_note_of_the_camera_spoils_no_picture(exif):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, about the note
        assert side_of_red(decode(saved(red_above_blue(), "JPEG", exif=exif), 8)) == "top"


RAMP = np.linspace(0, 65535, 64 * 64).round().astype(np.uint16).reshape(64, 64)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PGM", "big-endian TIFF"])
def test_grey_of_16_bits_is_scaled(kind):
    if kind == "PGM":
        stream = io.BytesIO(b"P5 64 64 65535\n" + RAMP.astype(">u2").tobytes())
    elif kind == "big-endian TIFF":
        stream = saved(Image.frombytes("I;16B", (64, 64), RAMP.astype(">u2").tobytes()), "TIFF")
    else:
        stream = saved(Image.fromarray(RAMP), kind)
    images = decode(stream, 64)
    assert images.mean() == pytest.approx(127.5, abs=0.5)
    assert (images[0] == np.round(RAMP / 257)).all()
    assert (images[0] == images[2]).all()


@pytest.mark.parametrize(("mode", "kind"), [("F", "TIFF"), ("I", "TIFF")])
def test_grey_of_no_stated_range_is_refused(mode, kind):
    with pytest.raises(DataError, match=r"the scan: not a readable picture.*32-bit numbers"):
        decode(saved(Image.new(mode, (8, 8), 7), kind), 8, "the scan")


@pytest.mark.parametrize(
    ("mode", "colour", "kind", "expected"),
    [
        ("CMYK", (0, 255, 255, 0), "JPEG", (255, 0, 0)),
        ("CMYK", (0, 255, 255, 0), "TIFF", (255, 0, 0)),
        ("L", 9, "JPEG", (9, 9, 9)),
        ("1", 1, "TIFF", (255, 255, 255)),
        ("RGBA", (0, 0, 0, 128), "WEBP", (127, 127, 127)),
        ("RGBA", (0, 0, 0, 128), "TIFF", (127, 127, 127)),
        ("LA", (0, 0), "PNG", (255, 255, 255)),
        ("PA", (0, 255), "PNG", None),
        ("RGB", (1, 2, 3), "BMP", (1, 2, 3)),
        ("RGB", (1, 2, 3), "PPM", (1, 2, 3)),
        ("RGB", (1, 2, 3), "TGA", (1, 2, 3)),
    ],
)
def test_colours(mode, colour, kind, expected):
    picture = Image.new(mode, (8, 8), colour)
    if mode == "PA":
        picture, expected = Image.new("P", (8, 8), 3), (10, 20, 30)
        picture.putpalette([0] * 9 + [10, 20, 30] + [0] * 756)
    images = decode(saved(picture, kind), 8)
    assert np.abs(images.astype(int) - np.array(expected)[:, None, None]).max() <= 2


def test_a_transparent_entry_of_a_palette_is_white():
    picture = Image.new("P", (8, 8), 1)
    picture.putpalette([0, 0, 0, 10, 20, 30] + [0] * 762)
    for kind in ("PNG", "GIF"):
        assert (decode(saved(picture, kind, transparency=1), 8) == 255).all()


def test_of_several_frames_the_first_is_taken():
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE)]
    for kind in ("GIF", "TIFF", "WEBP", "PNG"):
        options = {"lossless": True} if kind == "WEBP" else {}
        stream = saved(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert decode(stream, 4)[0].min() > 200, kind


def test_a_large_jpeg_is_not_decoded_whole(monkeypatch):
    """A lower resolution comes straight from its coefficients, and looks the same."""
    picture = red_above_blue((1600, 2400))
    drafts = []
    real = Image.Image.load

    def load(self):
        drafts.append(self.size)
        return real(self)

    stream = saved(picture, "JPEG")
    monkeypatch.setattr(Image.Image, "load", load)
    images = decode(stream, 32)
    assert max(max(size) for size in drafts) <= 2400 // 8
    assert side_of_red(images) == "top"
    assert abs(int(images[0, 0, 0]) - 254) < 4


def test_what_is_read_is_what_pillow_decodes_by_itself():
    assert {".png", ".tif", ".tiff", ".jfif", ".webp", ".bmp", ".gif", ".mpo"} <= set(suffixes())
    assert not {".eps", ".ps", ".h5", ".mpg", ".pdf", ".txt", ".svg"} & set(suffixes())
    assert "EPS" not in formats()


def test_a_picture_that_another_program_would_have_to_read_is_refused():
    """Pillow would run Ghostscript on it, whatever its name."""
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n"
    with pytest.raises(DataError, match="not a readable picture"):
        decode(io.BytesIO(eps), 8, "x.png")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "TGA", "PPM"])
def test_damaged_bytes_are_always_a_data_error(kind):
    noise = np.random.default_rng(0).integers(0, 255, (24, 24, 3), dtype=np.uint8)
    whole = saved(Image.fromarray(noise), kind).getvalue()
    rng = np.random.default_rng(1)
    refused = 0
    for _ in range(60):
        content = bytearray(whole)
        for place in rng.integers(0, min(len(content), 200), 3):
            content[place] = rng.integers(256)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                decode(io.BytesIO(content[: rng.integers(len(content) // 2, len(content))]), 8, "x")
            except DataError as error:
                refused += 1
                assert "x: not a readable picture" in str(error)
    assert refused


def test_a_picture_of_more_pixels_than_pillow_allows(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(DataError, match="decompression bomb"):
        decode(saved(Image.new("L", (20, 20)), "PNG"), 8, "x")


def test_a_size_that_is_only_declared_is_not_believed(tmp_path):
    """Pillow warns of it, and would ask for the memory."""
    (tmp_path / "x.ppm").write_bytes(b"P6 12000 9000 255\n" + bytes(99))
    with (
        pytest.warns(Warning, match="could be decompression bomb"),
        pytest.raises(DataError, match=r"x\.ppm: .*12,000 x 9,000 pixels are more than 89,478,485"),
    ):
        decode(tmp_path / "x.ppm", 8)


def test_a_picture_of_more_pixels_than_its_file_can_hold(tmp_path):
    """A blank page is read, and a head that promises one without the bytes of it is not."""
    page = tmp_path / "page.png"
    Image.new("1", (6000, 6000), 1).save(page)
    assert decode(page, 4).min() == 255
    (tmp_path / "head.ppm").write_bytes(b"P6 6000 6000 255\n" + bytes(90))
    with pytest.raises(DataError, match=r"6,000 x 6,000 pixels are declared, in 107 bytes"):
        decode(tmp_path / "head.ppm", 4)
    with (
        (tmp_path / "head.ppm").open("rb") as opened,
        pytest.raises(DataError, match="pixels are declared"),
    ):
        decode(opened, 4)
