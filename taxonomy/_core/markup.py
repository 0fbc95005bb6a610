"""Texts and tables in Markdown, LaTeX and HTML; what names hold is data and does nothing there."""

from __future__ import annotations

import html
from collections.abc import Sequence

from taxonomy._core.errors import printable

_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]<>#|!"})
_LATEX = str.maketrans(
    {character: f"\\{character}" for character in "{}$&#_%"}
    | {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "[": "{[}",  # after a line's end it would begin an option
        "]": "{]}",
    }
)


def _one_line(text: str) -> str:
    return printable(text).replace("\n", " ")


def in_markdown(text: str) -> str:
    r"""Return a text as Markdown that shows it as it is.

    >>> print(in_markdown("a|b *c* <script>"))
    a\|b \*c\* \<script\>
    """
    return _one_line(text).translate(_MARKDOWN)


def in_latex(text: str) -> str:
    r"""Return a text as LaTeX that shows it as it is.

    >>> print(in_latex("50% of $x_1 \\input{y}"))
    50\% of \$x\_1 \textbackslash{}input\{y\}
    """
    return _one_line(text).translate(_LATEX)


def in_html(text: str) -> str:
    """Return a text as HTML that shows it as it is.

    >>> in_html('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(_one_line(text))


Rows = Sequence[Sequence[str]]


def markdown_table(header: Sequence[str], rows: Rows) -> str:
    r"""Return a table in Markdown, its first column to the left and the others to the right.

    >>> print(markdown_table(["metric", "value"], [["ancestor_f1", "0.25"]]), end="")
    | metric | value |
    |---|---:|
    | ancestor\_f1 | 0.25 |
    """
    lines = [header, *rows]
    written = [f"| {' | '.join(map(in_markdown, line))} |\n" for line in lines]
    return "".join([written[0], f"|---|{'---:|' * (len(header) - 1)}\n", *written[1:]])


def latex_table(header: Sequence[str], rows: Rows) -> str:
    r"""Return a table in LaTeX, for the package booktabs.

    >>> print(latex_table(["metric", "value"], [["ancestor_f1", "0.25"]]), end="")
    \begin{tabular}{lr}
    \toprule
    metric & value \\
    \midrule
    ancestor\_f1 & 0.25 \\
    \bottomrule
    \end{tabular}
    """
    head, *body = (" & ".join(map(in_latex, line)) + " \\\\\n" for line in [header, *rows])
    columns = "l" + "r" * (len(header) - 1)
    return (
        f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{head}\\midrule\n{''.join(body)}"
        "\\bottomrule\n\\end{tabular}\n"
    )


def html_table(header: Sequence[str], rows: Rows) -> str:
    """Return a table in HTML.

    >>> print(html_table(["metric", "value"], [["ancestor_f1", "0.25"]]), end="")
    <table>
    <tr><th>metric</th><th>value</th></tr>
    <tr><td>ancestor_f1</td><td>0.25</td></tr>
    </table>
    """

    def line(cells: Sequence[str], tag: str) -> str:
        return f"<tr>{''.join(f'<{tag}>{in_html(cell)}</{tag}>' for cell in cells)}</tr>\n"

    return f"<table>\n{line(header, 'th')}{''.join(line(row, 'td') for row in rows)}</table>\n"
