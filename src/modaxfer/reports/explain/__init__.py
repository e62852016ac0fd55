"""Renderings of an explanation: numbers, page, terminal, notebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from modaxfer.reports.explain.document import document
from modaxfer.reports.explain.page import render
from modaxfer.reports.explain.words import score_lines, summary
from modaxfer.result import write_atomically

if TYPE_CHECKING:
    from modaxfer.runner.explain.explain import Explanation

__all__ = ["JSON", "PAGE", "document", "render", "score_lines", "summary", "write"]

JSON, PAGE = "explanation.json", "explanation.html"
"""Files of an explanation, in a folder of its own."""


def write(made: Explanation, folder: Path) -> tuple[Path, Path]:
    """Write numbers and page into `folder`, which is made where it is missing, and return their paths.

    Raises:
        ConfigError: They cannot be written.
    """
    import json

    from modaxfer.errors import ConfigError

    paths = folder / JSON, folder / PAGE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(paths[0], json.dumps(document(made), ensure_ascii=False, indent=1) + "\n")
        write_atomically(paths[1], render(made))
    except OSError as error:
        got = f"{folder}: {error.strerror or error}"
        raise ConfigError(
            "the explanation cannot be written", got=got, fix="name another folder with --output"
        ) from error
    return paths
