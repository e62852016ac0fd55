"""Run the notebooks of ``examples`` and write what they show to ``docs/gallery``: ``make gallery``.

A page holds code and what the library displayed, figures as files. What is told on standard error stays out: it has
speeds and times, which differ with each run.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import itertools
import re
import tempfile
from html import unescape
from pathlib import Path

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbconvert import MarkdownExporter

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES, PAGES = ROOT / "examples", ROOT / "docs" / "gallery"
SECONDS = 600
STYLE = re.compile(r'<style scoped>.*?</style>\n?| border="1" class="dataframe"| style="text-align: right;"', re.DOTALL)
"""What data frames bring along: the site's own style is for tables without."""
WIDE = "---\nhide: [toc]\n---\n\n"
"""Leaves the room of the table of contents to code."""
CODE = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)
"""What keeps its empty lines."""
PICTURE = re.compile(r'src="data:image/png;base64,(?P<data>[A-Za-z0-9+/=]+)"')
INNER = re.compile(r'<iframe sandbox srcdoc="(?P<page>[^"]*)"')


def main() -> None:
    """Write the pages that were named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default all of examples/")
    kernel = AsyncKernelManager()
    try:
        for path in parser.parse_args().notebooks or sorted(EXAMPLES.glob("*.ipynb")):
            with tempfile.TemporaryDirectory() as folder:
                page = write(path, executed(path, Path(folder), kernel), Path(folder))
            print(page.relative_to(ROOT), flush=True)
    finally:
        asyncio.run(kernel.shutdown_kernel(now=True))


def executed(path: Path, folder: Path, kernel: AsyncKernelManager) -> nbformat.NotebookNode:
    """Return the notebook at `path` as it is after every cell has run in `folder`.

    One `kernel` runs all, each without the names of the one before: to import torch takes as long as a notebook.

    Raises:
        nbclient.exceptions.CellExecutionError: A cell raised.
    """
    notebook = nbformat.read(path, as_version=4)
    emptied = nbformat.v4.new_code_cell(f"import os\nos.chdir({str(folder)!r})\n%reset -f")
    notebook.cells.insert(0, emptied)
    NotebookClient(notebook, km=kernel, timeout=SECONDS).execute()
    del notebook.cells[0]
    return notebook


def write(path: Path, notebook: nbformat.NotebookNode, folder: Path) -> Path:
    """Write what an executed `notebook` shows as a page with its figures beside it, and return the page."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [one for one in cell.outputs if one.get("name") != "stderr"]
    body, _ = MarkdownExporter().from_notebook_node(notebook)
    PAGES.mkdir(exist_ok=True)
    for old in (*PAGES.glob(f"{path.stem}-*.png"), *PAGES.glob(f"{path.stem}-*.html")):
        old.unlink()
    body = _beside(STYLE.sub("", body).replace(f"{folder}/", "").replace(str(Path.home()), "~"), path.stem)
    page = PAGES / f"{path.stem}.md"
    text = "\n".join(line.rstrip() for line in body.strip().splitlines())
    parts = [part if at % 2 else re.sub(r"\n{3,}", "\n\n", part) for at, part in enumerate(CODE.split(text))]
    page.write_text(f"{WIDE}{''.join(parts)}\n", encoding="utf-8")
    return page


def _beside(body: str, stem: str) -> str:
    """Return `body` with each picture and each page in it as a file of its own."""
    count = itertools.count(1)

    def picture(match: re.Match[str]) -> str:
        name = f"{stem}-{next(count)}.png"
        (PAGES / name).write_bytes(base64.b64decode(match["data"]))
        return f'src="{name}"'

    def inner(match: re.Match[str]) -> str:
        name = f"{stem}-{next(count)}.html"
        (PAGES / name).write_text(unescape(match["page"]), encoding="utf-8")
        return f'<iframe sandbox src="{name}"'

    return PICTURE.sub(picture, INNER.sub(inner, body))


if __name__ == "__main__":
    main()
