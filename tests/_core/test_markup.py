"""Names in Markdown, LaTeX and HTML: data that does nothing."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from taxonomy._core import markup

HOSTILE = ["<script>x()</script>", "a|b", "50 %", "$x^2_i$", r"\input{/etc/passwd}", "a\nb", "`rm`"]


class Cells(HTMLParser):
    """Reads the texts of a table's cells, and all tags."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data):
        if "td" in self.tags and self.cells:
            self.cells[-1] += data.strip("\n")


def test_html_shows_names_as_they_are():
    read = Cells()
    read.feed(markup.html_table(["name"], [[name] for name in HOSTILE]))
    assert read.cells == [name.replace("\n", " ") for name in HOSTILE]
    assert read.tags == {"table", "tr", "th", "td"}


def test_markdown_keeps_a_row_a_row():
    lines = markup.markdown_table(["name", "value"], [[name, "1"] for name in HOSTILE]).splitlines()
    assert len(lines) == 2 + len(HOSTILE)
    assert all(line.replace("\\|", "").count("|") == 3 for line in lines)
    assert "\\<script\\>" in lines[2]


@pytest.mark.parametrize("character", list("{}$&#_%"))
def test_latex_escapes_what_means_something(character):
    assert markup.in_latex(f"a{character}") == f"a\\{character}"


def test_latex_keeps_a_row_a_row():
    text = markup.latex_table(["name", "value"], [[name, "1"] for name in HOSTILE])
    assert text.count(r" \\" + "\n") == 1 + len(HOSTILE)
    assert r"\textbackslash{}input\{/etc/passwd\}" in text
    assert r"\$x\textasciicircum{}2\_i\$" in text


def test_what_cannot_be_seen_is_spelled_out():
    assert markup.in_html("a\u202eb\x1b") == "a\\u202eb\\x1b"
