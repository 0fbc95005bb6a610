"""Published class lists, and the page that says what becomes of them."""

from __future__ import annotations

import pytest

from tests.support.class_lists import LISTS, TITLES, read, table, written


def test_every_list_is_in_the_table():
    assert {path.name for path in LISTS.iterdir()} == set(TITLES)


def test_the_page_says_what_comes_out():
    """Written again by python -m tests.support.class_lists."""
    assert written() == table()


@pytest.mark.parametrize(
    ("name", "label_id", "called", "wnid"),
    [
        ("coco.json", "traffic light", "traffic light", ""),
        ("lvis.json", "bat_(animal)", "bat_(animal)", "n02139199"),
        ("lvis.json", "stop_sign", "stop_sign", ""),
        ("open-images.csv", "/m/011k07", "Tortoise", ""),
        ("places365.txt", "apartment_building/outdoor", "apartment_building/outdoor", ""),
        ("objects365.yaml", "Cabinet/shelf", "Cabinet/shelf", ""),
        ("food-101.txt", "apple_pie", "apple_pie", ""),
        ("caltech-101.folders", "BACKGROUND_Google", "BACKGROUND_Google", ""),
        ("caltech-256.folders", "004.baseball-bat", "baseball-bat", ""),
        ("cub.txt", "001.Black_footed_Albatross", "Black footed Albatross", ""),
        ("stanford-dogs.folders", "n02086240-Shih-Tzu", "Shih-Tzu", "n02086240"),
        ("quick-draw.txt", "animal migration", "animal migration", ""),
        ("audioset.csv", "/m/02zsn", "Female speech, woman speaking", ""),
        ("imagenet.json", "n02012849", "crane", "n02012849"),
        ("nbdt.txt", "n02084071", "dog", "n02084071"),
    ],
)
def test_lists(name, label_id, called, wnid):
    label = read(LISTS / name)[1][label_id]
    assert (label.name, label.wnid) == (called, wnid)


def test_no_list_loses_a_class():
    counts = {name: len(read(LISTS / name)[1]) for name in TITLES}
    assert counts == {name: 10 if name == "nbdt.txt" else 12 for name in TITLES}
