"""What the site needs beyond the pages: links that leave them lead into the repository; a list of all decisions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\((?P<target>[^)\s#:]+)(?P<anchor>#[^)\s]*)?\)")
FENCE = re.compile(r"(^```.*?^```|`[^`\n]*`)", re.DOTALL | re.MULTILINE)
"""What is code: no link stands there."""


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Return a page whose links to files outside of ``docs`` lead to the repository.

    Raises:
        FileNotFoundError: Such a file is not there.
    """
    here = Path(config.docs_dir) / page.file.src_uri
    if page.file.src_uri.startswith("results/"):
        page.meta.setdefault("hide", ["toc"])  # its room, for tables

    def linked(match: re.Match[str]) -> str:
        found = (here.parent / match["target"]).resolve()
        if found.is_relative_to(config.docs_dir) and found.suffix != ".py":
            return match[0]
        if not found.exists():
            raise FileNotFoundError(f"{page.file.src_uri} links to {match['target']}, which is not there")
        kind = "tree" if found.is_dir() else "blob"
        return f"]({config.repo_url.rstrip('/')}/{kind}/main/{found.relative_to(ROOT)}{match['anchor'] or ''})"

    if page.file.src_uri == "decisions/index.md":
        markdown += _decisions(here.parent)
    parts = FENCE.split(markdown)
    return "".join(part if at % 2 else LINK.sub(linked, part) for at, part in enumerate(parts))


def _decisions(folder: Path) -> str:
    """Return a list of the decisions in `folder`, each by its title."""
    titles = {path.name: path.read_text(encoding="utf-8").partition("\n")[0] for path in folder.glob("[0-9]*.md")}
    return "".join(f"\n- [{title.removeprefix('# ')}]({name})" for name, title in sorted(titles.items()))
