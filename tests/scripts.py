"""Scripts of the repository, run as they are in the process of a test."""

from __future__ import annotations

import runpy
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def status_of(script: Path, patch: pytest.MonkeyPatch, *words: str) -> object:
    """Return the exit status of ``python SCRIPT WORDS``; modules that it imports from beside itself are forgotten."""
    before = {*sys.modules}
    patch.syspath_prepend(str(script.parent))
    patch.setattr(sys, "argv", [str(script), *words])
    try:
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(script), run_name="__main__")
    finally:
        for name in {*sys.modules} - before:
            if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(script.parent)):
                del sys.modules[name]
    return ended.value.code
