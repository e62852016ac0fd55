"""What ``import modaxfer`` gives: directives that the docs site turns into documentation."""

from __future__ import annotations

import modaxfer

__all__ = ["python"]


def python() -> str:
    """Return a directive for each public name that is written in the package, functions first."""
    homes = {name: getattr(modaxfer, name).__module__ for name in modaxfer.__all__}
    own = [name for name, home in homes.items() if home.startswith("modaxfer")]
    ordered = sorted(own, key=lambda name: (name[0].isupper(), name.lower()))
    return "\n\n".join(f"::: {homes[name]}.{name}" for name in ordered)
