"""What plugins may import of the framework: the names that these modules list, and nothing beside them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from importlib import import_module

__all__ = ["PUBLIC", "names_of", "private_imports"]

_TARGET = re.compile(r"(modaxfer(?:\.\w+)*):(\w+)")
"""How code of the framework is named by a string; packages of plugins begin with ``modaxfer_``."""

PUBLIC: Mapping[str, tuple[str, ...]] = {
    "modaxfer": (),
    "modaxfer.spec": (),
    "modaxfer.config": ("EncoderOptions", "RunConfig", "SourceOptions", "TrainOptions", "build", "documented"),
    "modaxfer.errors": (),
    "modaxfer.contracts": (),
    "modaxfer.plan": (),
    "modaxfer.data": (),
    "modaxfer.encoders": (),
    "modaxfer.bridges": (),
    "modaxfer.heads": (),
    "modaxfer.heads.classical": (),
    "modaxfer.strategies": (),
    "modaxfer.losses": (),
    "modaxfer.validators": (),
    "modaxfer.problems": (),
    "modaxfer.metrics": (),
    "modaxfer.transferability": (),
    "modaxfer.reports": ("Drawing", "Predictions", "Theme", "confusion", "predictions_of", "residuals"),
    "modaxfer.pretraining": (),
    "modaxfer.testing": (),
}
"""Public modules, in the order in which an author meets them, and what of their ``__all__`` is public; none = all."""


def names_of(module: str) -> tuple[str, ...]:
    """Return the public names of a module of `PUBLIC`; this imports it."""
    listed: Iterable[str] = PUBLIC[module] or import_module(module).__all__
    return tuple(listed)


def private_imports(code: str | bytes) -> list[str]:
    """Return what Python `code` uses of modaxfer that is not public, one line each; nothing of it is run.

    ``import modaxfer.x`` gives a module whole, so it is private whatever `x` is; ``import modaxfer`` is public. A
    string that names code, ``"modaxfer.x:Name"``, uses it too.

    Args:
        code: Of one module; bytes are read by their coding line, as Python does.

    Raises:
        SyntaxError: It is no Python.
    """
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found += [f"import {each.name}" for each in node.names if each.name.startswith("modaxfer.")]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and _is_ours(node.module or ""):
            module = node.module or ""
            known = names_of(module) if module in PUBLIC else ()
            names = [
                each.name for each in node.names if each.name not in known and f"{module}.{each.name}" not in PUBLIC
            ]
            found += [f"from {module} import {name}" for name in names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found += [
                named[0] for named in [_TARGET.fullmatch(node.value)] if named and not _is_public(*named.groups())
            ]
    return found


def _is_public(module: str, name: str) -> bool:
    return module in PUBLIC and name in names_of(module)


def _is_ours(module: str) -> bool:
    return module == "modaxfer" or module.startswith("modaxfer.")
