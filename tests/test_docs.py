"""What the documentation says is so: tables, links, command lines and Python."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import click
import pytest

import modaxfer
from modaxfer.cli.main import cli
from modaxfer.registry import registry

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "examples").rglob("*.md"),
        *ROOT.glob("plugins/*/*.md"),
    ]
)
GENERATED = re.compile(r"<!-- table: .*?<!-- end -->", re.DOTALL)


def text_of(page: Path) -> str:
    return GENERATED.sub("", page.read_text(encoding="utf-8"))


def commands() -> list[tuple[str, str]]:
    """Return page and line of every command line of ours."""
    ours = re.compile(r"^(?:    |\t)?(?:\$ )?(modaxfer [^\n]*)$", re.MULTILINE)
    lines = ((page, line) for page in PAGES for line in ours.findall(re.sub(r"\\\n\s*", "", text_of(page))))
    return [(str(page.relative_to(ROOT)), line) for page, line in lines]


def python_blocks() -> list[tuple[str, str]]:
    blocks = ((page, block) for page in PAGES for block in re.findall(r"```python\n(.*?)```", text_of(page), re.DOTALL))
    return [(str(page.relative_to(ROOT)), block) for page, block in blocks]


def generate(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(cwd / "docs" / "generate.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


def test_generated_tables_are_up_to_date() -> None:
    done = generate("--check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_stale_table_is_found_and_written(tmp_path: Path) -> None:
    for name in ("docs", "plugins"):
        os.makedirs(tmp_path / name, exist_ok=True)
    for path in (ROOT / "docs").rglob("*.py"):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    page = tmp_path / "README.md"
    page.write_text("# x\n\n<!-- table: strategies -->\nold\n<!-- end -->\n", encoding="utf-8")
    assert "README.md: out of date, run `make docs`" in (stale := generate("--check", cwd=tmp_path)).stdout
    assert stale.returncode == 1
    assert generate(cwd=tmp_path).returncode == 0
    assert "| `lora` |" in page.read_text(encoding="utf-8")
    assert generate("--check", cwd=tmp_path).returncode == 0
    page.write_text("<!-- table: nothing -->\n<!-- end -->\n", encoding="utf-8")
    assert "no table 'nothing'" in generate(cwd=tmp_path).stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", text_of(page))
    assert not [link for link in links if not (page.parent / link).exists()]


def test_there_are_commands_to_check() -> None:
    assert len(commands()) > 20


@pytest.mark.parametrize(("page", "line"), commands())
def test_command_lines_name_what_there_is(page: str, line: str) -> None:
    words = shlex.split(line.split(" | ")[0].split(" > ")[0], comments=True)[1:]
    command, path = _command(words)
    flags = {flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)}
    flags |= {"--help", "-h", "--version", "--debug", "--json"}
    wrong = [word for word in words[path:] if re.match(r"--?[a-z]", word) and word.split("=")[0] not in flags]
    assert not wrong, f"{page}: {line}"
    for kind in ("strategy", "task"):
        given = [name for before, name in pairwise(words) if before == f"--{kind}" and name.islower()]
        named = [name for names in given for name in re.split(r"[,+]", names)]
        own = re.findall(r'name="([^"]+)"', (ROOT / page).read_text(encoding="utf-8"))
        for name in named:
            assert name in own or registry().get(kind, name)


def test_there_is_python_to_check() -> None:
    assert python_blocks()


@pytest.mark.parametrize(("page", "block"), python_blocks())
def test_python_blocks_parse_and_name_what_there_is(page: str, block: str) -> None:
    tree = ast.parse(block)
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "modaxfer"
    }
    assert used <= {*modaxfer.__all__, "spec", "__version__"}, page


def _command(words: list[str]) -> tuple[click.Command, int]:
    """Return the command that `words` call and how many of them name it."""
    command: click.Command = cli
    context = click.Context(cli)
    for place, word in enumerate(words):
        inner = command.get_command(context, word) if isinstance(command, click.Group) else None
        if inner is None:
            return command, place
        command = inner
    return command, len(words)
