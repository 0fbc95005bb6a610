"""What the README shows runs as it stands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from taxonomy.cli import build_parser

README = Path(__file__).parents[2] / "README.md"
FENCES = re.findall(
    r"^```(\w*)\n(.*?)^```", README.read_text().replace("\\\n", ""), flags=re.MULTILINE | re.DOTALL
)
COMMANDS = [
    line.partition("#")[0]
    for _, text in FENCES
    for line in text.splitlines()
    if line.startswith("taxonomy ")
]


def test_the_python_blocks_run_one_after_another(capsys):
    blocks = [text for language, text in FENCES if language == "python"]
    assert len(blocks) >= 2
    names: dict[str, object] = {}
    for block in blocks:
        exec(block, names)
    assert "of the MACs" in capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_parse(command):
    assert callable(build_parser(shlex.split(command)[1:]).run)


def test_every_command_is_shown():
    from taxonomy.cli import COMMANDS as KNOWN

    shown = {command.split()[1] for command in COMMANDS}
    assert shown | {"demo"} == {command.name for command in KNOWN}
