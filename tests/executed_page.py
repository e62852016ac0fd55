"""A page of the documentation that is run: files are written, commands run, what they print is compared."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

BLOCK = re.compile(
    r"(?:<!-- (?P<mark>file|not run): (?P<told>[^>]+) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```", re.M | re.S
)
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")


@dataclass(frozen=True)
class FileStep:
    """A file that the reader saves."""

    path: str
    text: str


@dataclass(frozen=True)
class CommandStep:
    """A command line that the reader types, and what the page says that it prints."""

    line: str
    shown: str


def steps(page: str) -> Iterator[FileStep | CommandStep]:
    """Yield what a reader does, in order; blocks that are marked as not run are left out."""
    for block in BLOCK.finditer(page):
        if block["mark"] == "file":
            yield FileStep(block["told"], block["text"])
        elif block["language"] == "console" and block["mark"] != "not run":
            for typed in re.split(r"^\$ ", block["text"], flags=re.M)[1:]:
                line, _, shown = re.sub(r"\\\n\s*", "", typed).partition("\n")
                yield CommandStep(line, shown.strip("\n"))


def do(step: FileStep | CommandStep, folder: Path, environment: Mapping[str, str]) -> str:
    """Do a step in `folder`; return what is wrong with it, nothing where all is well."""
    if isinstance(step, FileStep):
        (folder / step.path).write_text(step.text, encoding="utf-8")
        return ""
    done = subprocess.run(
        step.line,
        shell=True,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=1800,
    )
    said = f"$ {step.line}\n{done.stdout}"
    if done.returncode:
        return f"ended with {done.returncode}:\n{said}"
    return "" if resembles(step.shown, done.stdout) else f"the page shows\n{step.shown}\nand this is printed:\n{said}"


def resembles(shown: str, printed: str) -> bool:
    """Tell whether `printed` is what a page shows: ``...`` stands for any lines, in a line for any words; and a number
    for any number.

    How far columns stand apart, which depends on the numbers, plays no part.
    """
    pattern = r"\n".join(_pattern(line) for line in shown.splitlines())
    # A line "..." takes its own line end with it, so that it can stand for none.
    pattern = pattern.replace(r"(?:.*\n)*\n", r"(?:.*\n)*")
    plain = "".join(f"{' '.join(line.split())}\n" for line in printed.strip("\n").splitlines())
    return re.fullmatch(pattern + r"\n*", plain) is not None


def _pattern(line: str) -> str:
    if line.strip() == "...":
        return r"(?:.*\n)*"
    words = re.escape(" ".join(NUMBER.sub("0", line).split()))
    return words.replace(r"\.\.\.", ".*").replace("0", r"[\d.,e+-]+")
