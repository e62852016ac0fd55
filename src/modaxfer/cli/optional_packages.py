"""Packages that modaxfer does not need, but which Transformers or datasets import where they find them."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

__all__ = ["ABSENT", "FINE", "OPTIONAL", "probe", "probe_all"]

OPTIONAL = {
    "torchvision": "Transformers' image processors import it",
    "torchaudio": "Transformers' feature extractors import it",
    "torchcodec": "datasets decodes sounds with it wherever it is installed",
    "torchao": "every model class of Transformers imports it",
}
"""Name of the package to who imports it; a build for another torch makes that import fail."""

DEADLINE = 60.0
"""Seconds until an import counts as hanging: torch alone may take ten on a cold disk."""

FINE = "works"
ABSENT = "not installed"


def probe_all() -> dict[str, str]:
    """Return what importing each of `OPTIONAL` does, all at once, each in a process of its own."""
    with ThreadPoolExecutor(len(OPTIONAL)) as pool:
        return dict(zip(OPTIONAL, pool.map(probe, OPTIONAL), strict=True))


def probe(name: str, deadline: float = DEADLINE) -> str:
    """Return ``not installed``, ``works``, or what goes wrong when `name` is imported, in one line."""
    if find_spec(name) is None:
        return ABSENT
    line = [sys.executable, "-c", f"import {name}"]
    try:
        done = subprocess.run(  # noqa: S603 - the names are those above
            line, capture_output=True, text=True, errors="replace", timeout=deadline, check=False
        )
    except subprocess.TimeoutExpired:
        return f"does not answer within {deadline:g} s"
    said = [text.strip() for text in done.stderr.splitlines() if text.strip()]
    if done.returncode:
        return f"cannot be imported: {said[-1] if said else f'exit status {done.returncode}'}"
    failed = [text for text in said if "failed to load" in text.lower()]
    return f"prints at every import: {failed[0]}" if failed else FINE
