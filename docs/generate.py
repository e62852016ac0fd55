"""Write the tables in the documentation from the code: ``make docs``; ``make check`` fails where one is out of date.

A page says where a table belongs, and everything between the two marks is replaced::

    <!-- table: encoders -->
    <!-- end -->
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KNOWN = ROOT / "src" / "modaxfer" / "registry" / "known_plugins.json"
MARKED = re.compile(r"<!-- table: (?P<name>[a-z-]+) -->\n.*?<!-- end -->", re.DOTALL)


def main() -> int:
    """Write every page again, or with ``--check`` say which ones would change; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a page is out of date")
    check = parser.parse_args().check
    stale = [(page, text) for page, text in rendered() if text != page.read_text(encoding="utf-8")]
    for page, text in stale:
        print(f"{page.relative_to(ROOT)}: {'out of date, run `make docs`' if check else 'written'}")
        if not check:
            page.write_text(text, encoding="utf-8")
    return 1 if check and stale else 0


def rendered() -> Iterator[tuple[Path, str]]:
    """Yield every page that holds a mark, and the index of our own plugins, with the text it should have.

    Raises:
        SystemExit: A page asks for a table that there is none of.
    """
    if KNOWN.is_file():
        yield KNOWN, known_plugins()
    for page in (
        ROOT / "README.md",
        *sorted((ROOT / "docs").rglob("*.md")),
        *sorted((ROOT / "plugins").glob("*/README.md")),
    ):
        text = page.read_text(encoding="utf-8")
        if MARKED.search(text):
            yield page, MARKED.sub(lambda match, page=page: _table(page, match["name"]), text)


def known_plugins() -> str:
    """Return the index of the plugins in this repository, which ships with the core."""
    from modaxfer.registry import KINDS, index_of, registry

    own = {path.name for path in (ROOT / "plugins").iterdir()}
    records = [record for record in registry().plugins if record.namespace in own]
    index = index_of(records, (entry for kind in KINDS for entry in registry().all(kind)))
    return json.dumps(index, indent=1) + "\n"


def _table(page: Path, name: str) -> str:
    from tables import TABLES

    if name not in TABLES:
        raise SystemExit(f"{page}: no table {name!r}; there are {', '.join(sorted(TABLES))}")
    return f"<!-- table: {name} -->\n{TABLES[name]()}\n<!-- end -->"


def only_own_plugins() -> None:
    """Leave plugins of others out, so that the tables are the same on every machine."""
    os.environ["MODAXFER_PLUGINS"] = ",".join(sorted(path.name for path in (ROOT / "plugins").iterdir()))


if __name__ == "__main__":
    only_own_plugins()
    sys.exit(main())
