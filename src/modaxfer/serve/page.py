"""The page to try a model by hand: one file, no network but this server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from jinja2 import Environment, Template

__all__ = ["page"]


def page(name: str, columns: Mapping[str, str]) -> str:
    """Return the page of a run called `name` that reads `columns`, kind by name."""
    example = json.dumps({"rows": [dict.fromkeys(columns, "...")]}, ensure_ascii=False)
    return _template().render(name=name, columns=columns, example=example)


@cache
def _template() -> Template:
    text = files("modaxfer.serve").joinpath("page.html.jinja").read_text(encoding="utf-8")
    return Environment(autoescape=True).from_string(text)
