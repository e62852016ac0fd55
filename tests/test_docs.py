"""What the documentation says is so: tables, links, command lines and Python."""

from __future__ import annotations

import ast
import re
import runpy
import shlex
import shutil
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

import modaxfer
from modaxfer.cli.main import cli
from modaxfer.registry import registry

if TYPE_CHECKING:
    from collections.abc import Callable

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


@cache
def commands() -> list[tuple[str, str]]:
    """Return page and line of every command line of ours."""
    ours = re.compile(r"^(?:    |\t)?(?:\$ )?(modaxfer [^\n]*)$", re.MULTILINE)
    lines = ((page, line) for page in PAGES for line in ours.findall(re.sub(r"\\\n\s*", "", text_of(page))))
    return [(str(page.relative_to(ROOT)), line) for page, line in lines]


def python_blocks() -> list[tuple[str, str]]:
    blocks = ((page, block) for page in PAGES for block in re.findall(r"```python\n(.*?)```", text_of(page), re.DOTALL))
    return [(str(page.relative_to(ROOT)), block) for page, block in blocks]


def test_the_site_leads_to_every_page() -> None:
    """A page that the navigation leaves out breaks the strict build, which takes a minute."""
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    led = set(re.findall(r"\S+\.md\b", text[text.index("\nnav:") :]))
    docs = ROOT / "docs"
    pages = {page.relative_to(docs).as_posix() for page in PAGES if page.is_relative_to(docs)}
    assert led == {page for page in pages if not page.startswith("decisions/0")}


@pytest.fixture
def generate(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[object, str]]:
    """Return a function that runs ``docs/generate.py`` of a folder and returns its exit status and what it printed."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    monkeypatch.delenv("MODAXFER_PLUGINS", raising=False)  # The script sets it.
    registry()  # Of all that is installed: the script must not leave one without plugins to other tests.

    def run(*arguments: str, root: Path = ROOT) -> tuple[object, str]:
        script = str(root / "docs" / "generate.py")
        monkeypatch.setattr(sys, "argv", [script, *arguments])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(script, run_name="__main__")
        return ended.value.code, capsys.readouterr().out

    return run


def test_a_stale_table_is_found_and_written(generate: Callable[..., tuple[object, str]], tmp_path: Path) -> None:
    for name in ("docs", "plugins"):
        (tmp_path / name).mkdir()
    shutil.copy(ROOT / "docs" / "generate.py", tmp_path / "docs")
    page = tmp_path / "README.md"
    page.write_text("# x\n\n<!-- table: strategies -->\nold\n<!-- end -->\n", encoding="utf-8")
    assert generate("--check", root=tmp_path) == (1, "README.md: out of date, run `make docs`\n")
    assert generate(root=tmp_path) == (0, "README.md: written\n")
    assert "| `lora` |" in page.read_text(encoding="utf-8")
    assert generate("--check", root=tmp_path) == (0, "")
    page.write_text("<!-- table: nothing -->\n<!-- end -->\n", encoding="utf-8")
    status, _ = generate(root=tmp_path)
    assert "no table 'nothing'" in str(status)


def test_links_lead_somewhere() -> None:
    links = [(page, link) for page in PAGES for link in re.findall(r"\]\((?!https?://|#)([^)#\s]+)", text_of(page))]
    assert len(links) > 200
    assert not [f"{page}: {link}" for page, link in links if not (page.parent / link).exists()]


def test_there_are_commands_to_check() -> None:
    assert len(commands()) > 20


@pytest.mark.parametrize("page", sorted({page for page, _ in commands()}))
def test_command_lines_name_what_there_is(page: str) -> None:
    for line in (line for at, line in commands() if at == page):
        check_command_line(page, line)


def check_command_line(page: str, line: str) -> None:
    words = shlex.split(line.split(" | ")[0].split(" > ")[0], comments=True)[1:]
    if words[0] == "launch":  # The line of a training stands behind its own flags.
        check_command_line(page, shlex.join(["modaxfer", *words[words.index("train") :]]))
        words = words[: words.index("train")]
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
            assert name in own or registry().get(kind, name), line


def test_python_blocks_parse_and_name_what_there_is() -> None:
    blocks = python_blocks()
    assert len(blocks) > 20
    for page, block in blocks:
        used = {
            node.attr
            for node in ast.walk(ast.parse(block, page))
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
