"""Templates of reports, compiled: what all of them have in common stands here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

__all__ = ["compiled"]


def compiled(
    name: str, finalize: Callable[[Any], Any], *, markup: bool = True, **filters: Callable[..., Any]
) -> Template:
    """Return the template `name` of this package; a name that it uses and nobody gives is an error.

    Args:
        name: File name in ``templates``.
        finalize: Makes text of what is filled in.
        markup: Whether what is filled in is escaped as HTML; else `finalize` alone escapes.
        filters: By name.
    """
    environment = Environment(
        loader=PackageLoader("modaxfer.reports"),
        autoescape=markup,  # noqa: S701 - off for Markdown alone, which is escaped by its `finalize`
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters
    return environment.get_template(name)
