"""The script of a comparison's page: it sorts and filters tables, and the page allows no other one."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from markupsafe import Markup

__all__ = ["SCRIPT", "SCRIPT_HASH"]

_TEXT = files("modaxfer.reports").joinpath("templates/table.js").read_text(encoding="utf-8")

SCRIPT = Markup(_TEXT)  # noqa: S704 - a file of this package
"""What stands in the page, as it is."""

SCRIPT_HASH = "sha256-" + base64.b64encode(hashlib.sha256(_TEXT.encode()).digest()).decode("ascii")
"""By which the page's policy knows it."""
