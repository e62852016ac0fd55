"""What is wrong with the keywords of a spec, in the words of who wrote it: Python's own text names no field."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

import modaxfer.spec as specs
from modaxfer.errors import close_matches

__all__ = ["told_of_keywords"]

_UNKNOWN = re.compile(r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'")
_LACKING = re.compile(r"(\w+)\.__init__\(\) missing \d+ required keyword-only arguments?: ")
_PLACED = re.compile(r"(\w+)\.__init__\(\) takes 1 positional argument but \d+ (?:was|were|positional)")


def told_of_keywords(error: BaseException) -> str:
    """Return what is wrong with the arguments of a spec, what it takes and what may be meant; empty if that is not it.

    Args:
        error: As raised where a plugin builds its specs.
    """
    text = str(error) if isinstance(error, TypeError) else ""
    for pattern, tell in ((_UNKNOWN, _unknown), (_LACKING, _lacking), (_PLACED, _placed)):
        found = pattern.match(text)
        spec = getattr(specs, found[1], None) if found else None
        if found and is_dataclass(spec):
            return tell(found, spec, text)
    return ""


def _unknown(found: re.Match[str], spec: Any, text: str) -> str:
    known = [field.name for field in fields(spec)]
    close = close_matches(found[2], known)
    meant = f"; did you mean {' or '.join(close)}?" if close else "."
    return f"{found[1]} has no field {found[2]!r}{meant} It takes {', '.join(known)}"


def _lacking(found: re.Match[str], spec: Any, text: str) -> str:
    needed = [one.name for one in fields(spec) if one.default is MISSING and one.default_factory is MISSING]
    lost = [name for name in re.findall(r"'(\w+)'", text[found.end() :]) if name in needed]
    return f"{found[1]} lacks {', '.join(lost)}; it needs {', '.join(needed)}"


def _placed(found: re.Match[str], spec: Any, text: str) -> str:
    first = fields(spec)[0].name
    return f"{found[1]} takes its fields by name: {found[1]}({first}=..., ...)"
