"""What `make docs` generates: the references of command and API, layers, and notebooks as pages.

The explorer of the shipped networks is made, too, as a page of its own.

Links that leave ``docs/`` for a picture or a file of the repository work on the built pages, too:
the file is copied into the site.
"""

from __future__ import annotations

import argparse
import json
import os
import posixpath
import re
import tomllib
from functools import cache
from html import escape
from pathlib import Path

import griffe
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
API = "reference/api"
EXPLORER = "explorer.html"
EXPLORED = ("icons/tree", "icons/flat", "icons/flat-0.35x", "icons/flat-0.25x")
CLI_INTRODUCTION = """\
`taxonomy COMMAND --help` prints the same. The options of a source, a builder or a data set are the
fields of its class ([similarity](api/similarity.md), [builders](api/builders.md),
[data](api/data.md)), with dashes for underscores; those shown here are of the default ones."""
LONGEST = 200
"""Characters of a usage line that are shown; the tables below it hold all options."""
OUTSIDE = re.compile(r"\]\(((?:\.\./)+)([^)#\s]+)\)")


def layers() -> list[str]:
    """Return the layers of import-linter's contract, top first."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (found,) = (c["layers"] for c in contracts if c["type"] == "layers")
    return list(found)


def rooms() -> list[str]:
    """Return the rooms of the library from the bottom up; the command has a page of its own."""
    names = [room.strip() for layer in reversed(layers()) for room in layer.split("|")]
    return [name for name in names if not name.startswith("_") and name != "cli"]


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List one page a room under the API reference, and the notebooks."""
    pages = [f"{API}/index.md", *(f"{API}/{room}.md" for room in rooms())]
    for section in config.nav or []:
        if isinstance(section, dict) and "Reference" in section:
            section["Reference"] = ["reference/cli.md", {"Python": pages}]
        if isinstance(section, dict) and "Notebooks" in section:
            section["Notebooks"] = sorted(notebooks())
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, and the files outside ``docs/`` that pages link to."""
    library = loaded()
    generated = {"reference/cli.md": cli_page(), f"{API}/index.md": front_page(library)}
    generated |= {f"{API}/{room}.md": room_page(library, room) for room in rooms()}
    generated |= {uri: notebook_page(path) for uri, path in notebooks().items()}
    generated[EXPLORER] = explorer_page()
    for uri, content in generated.items():
        files.append(File.generated(config, uri, content=content))
    for page in [file for file in files if file.is_documentation_page()]:
        for path in outside(page.src_uri, page.content_string):
            if files.get_file_from_path(path) is None:
                files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Point links that leave ``docs/`` to the copies, and put the layers where they are wanted."""

    def linked(match: re.Match[str]) -> str:
        path = target(page.file.src_uri, match[1] + match[2])
        if path is None:
            return match[0]
        return f"]({os.path.relpath(path, posixpath.dirname(page.file.src_uri) or '.')})"

    return OUTSIDE.sub(linked, markdown).replace("<!-- layers -->", layer_table(loaded()))


def explorer_page() -> str:
    """Return the explorer of the shipped networks."""
    from taxonomy.explorer import explore

    return explore(EXPLORED).to_html()


def target(page: str, link: str) -> str | None:
    """Return the path in the repository of a link that leaves ``docs/``, or None for others."""
    path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), link))
    return None if path.startswith(("docs/", "..")) else path


def outside(page: str, markdown: str) -> list[str]:
    """Return the files outside ``docs/`` that a page links to."""
    paths = (target(page, up + rest) for up, rest in OUTSIDE.findall(markdown))
    return [path for path in paths if path is not None]


@cache
def loaded() -> griffe.Module:
    """Return the library as griffe reads it, once."""
    return griffe.load("taxonomy", search_paths=[str(ROOT)])


def layer_table(library: griffe.Module) -> str:
    """Return the rooms as a table, top layer first, each with the first line of its docstring."""
    lines = ["| layer | rooms |", "|---|---|"]
    for number, layer in enumerate(layers(), start=1):
        cells = []
        for room in layer.split("|"):
            name = room.strip()
            where = f"reference/api/{name}.md" if name in rooms() else ""
            shown = f"[`{name}`]({where})" if where else f"`{name}`"
            cells.append(f"{shown}: {first_line(library[name])}")
        lines.append(f"| {number} | {'<br>'.join(cells)} |")
    return "\n".join(lines)


def first_line(thing: griffe.Object | griffe.Alias) -> str:
    """Return the first line of a docstring, fit for a table."""
    text = thing.docstring.value if thing.docstring else ""
    return text.partition("\n")[0].replace("|", "\\|")


def room_page(library: griffe.Module, room: str) -> str:
    """Return the page of one room: a section a public module."""
    top = library[room]
    modules = [top, *public_modules(top)]
    parts = [f"# {room}"]
    for module in modules:
        parts += [f"## {module.path}"] if module is not top else []
        parts.append(f"::: {module.path}\n    options:\n      show_root_heading: false")
    return "\n\n".join(parts) + "\n"


def public_modules(package: griffe.Module) -> list[griffe.Module]:
    """Return the public modules of a package, deeper ones included, by name."""
    found = []
    for name, module in sorted(package.modules.items()):
        if not name.startswith("_"):
            found += [module, *public_modules(module)]
    return found


def front_page(library: griffe.Module) -> str:
    """Return the names that ``import taxonomy as tx`` offers, with where each is described."""
    lines = [
        "# Python",
        "What `import taxonomy as tx` offers; importing it loads none of the heavy libraries.",
        "The pages beside this one describe every room of the library.",
        "",
        "| name | |",
        "|---|---|",
    ]
    described = []
    for name in sorted(front_names(library), key=str.lower):
        thing = library[name]
        if thing.is_module:
            lines.append(f"| [`tx.{name}`]({name}.md) | {first_line(thing)} |")
            continue
        path = canonical(thing)
        lines.append(f"| [`tx.{name}`][{path}] | {first_line(thing)} |")
        if any(part.startswith("_") for part in path.split(".")):
            described.append(f"::: {path}")
    return "\n".join([*lines, "", *(f"{text}\n" for text in described)])


def front_names(library: griffe.Module) -> list[str]:
    """Return the public names of the front door."""
    import taxonomy

    return [name for name in taxonomy.__all__ if name in library.members]


def canonical(thing: griffe.Object | griffe.Alias) -> str:
    """Return the path at which a thing is described: where it is defined."""
    return thing.final_target.path if thing.is_alias else thing.path


def notebooks() -> dict[str, Path]:
    """Return the notebooks by the pages they become."""
    return {f"notebooks/{path.stem}.md": path for path in (ROOT / "notebooks").glob("*.ipynb")}


def notebook_page(path: Path) -> str:
    """Return a notebook as Markdown, with what its cells print and draw."""
    parts = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell["outputs"]:
            data = output.get("data", {})
            if "image/png" in data:
                parts.append(f"![](data:image/png;base64,{''.join(data['image/png']).strip()})")
            elif text := "".join(output.get("text", data.get("text/plain", ""))).rstrip():
                parts.append(f"```text\n{text}\n```")
    return "\n\n".join(parts) + "\n"


def cli_page() -> str:
    """Return the reference of the command from its parsers."""
    from taxonomy.cli._parsers import SUMMARIES, parser_of

    known = {name: parser_of(name) for name in SUMMARIES}
    parts = [
        "# Commands",
        CLI_INTRODUCTION,
        "\n".join(f"- [`{name}`](#{name}): {one_line(known[name])}" for name in known),
    ]
    for name, parser in known.items():
        parts += [f"## {name}", *command(parser)]
    return "\n\n".join(parts) + "\n"


def one_line(parser: argparse.ArgumentParser) -> str:
    """Return a command's description, fit for a list."""
    return escape(" ".join((parser.description or "").split()))


def command(parser: argparse.ArgumentParser, level: int = 3) -> list[str]:
    """Return the sections of one command, those of its own subcommands below it."""
    parts = [one_line(parser)]
    usage = " ".join(parser.format_usage().removeprefix("usage:").split())
    if len(usage) > LONGEST:
        usage = usage[: usage.rfind(" ", 0, LONGEST)] + " …"
    parts.append(f"```text\n{usage}\n```")
    if parser.epilog:
        examples = "\n".join(line.strip() for line in parser.epilog.splitlines()[1:])
        parts.append(f"```bash\n{examples or parser.epilog}\n```")
    below: dict[str, argparse.ArgumentParser] = {}
    for group in parser._action_groups:
        rows = []
        for action in group._group_actions:
            if isinstance(action, argparse._SubParsersAction):
                below |= action.choices
            elif not isinstance(action, argparse._HelpAction):
                rows.append(f"| {spelling(action)} | {escape(help_of(parser, action))} |")
        if rows:
            title = (group.title or "options").replace("positional arguments", "arguments")
            parts += [f"**{title}**", "\n".join(["| | |", "|---|---|", *rows])]
    for name, sub in below.items():
        parts += [f"{'#' * level} {parser.prog.partition(' ')[2]} {name}", *command(sub, level + 1)]
    return parts


def spelling(action: argparse.Action) -> str:
    """Return how an argument is typed, fit for a table."""
    shown = action.metavar
    if action.choices and shown is None:
        shown = "|".join(map(str, action.choices))
    if isinstance(shown, tuple):
        shown = " ".join(shown)
    if not action.option_strings:
        return f"`{shown or action.dest}`".replace("|", "\\|")
    value = "" if action.nargs == 0 else f" {shown or action.dest.upper()}"
    return f"`{', '.join(action.option_strings)}{value}`".replace("|", "\\|")


def help_of(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """Return an argument's help as argparse would print it, fit for a table."""
    text = parser._get_formatter()._expand_help(action) if action.help else ""
    return " ".join(text.split()).replace("|", "\\|")
