"""A bridge that a spec names: built, asked for raw values, and held to what it promises. Light: workers import it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from modaxfer.contracts import Bridge, FittedBridge, InputLayout, Row
from modaxfer.registry import blame_of, call_target, calling, fault, registry
from modaxfer.spec import Field

__all__ = ["bridged", "build_bridge"]


def build_bridge(
    target: str,
    options: Any,
    fields: tuple[Field, ...],
    layout: InputLayout,
    root: Path | None,
    learned: Mapping[str, Any] | None = None,
) -> Bridge:
    """Return the bridge that `target` names, with what it has learned.

    Args:
        target: ``"package.module:Class"`` of its spec.
        options: Its own.
        fields: That it takes.
        layout: What the encoder takes.
        root: Folder that media paths are resolved against.
        learned: State of one that is fitted.

    Raises:
        PluginFaultError: It cannot be built, or is no bridge.
        RefusedError: It does not take these fields.
    """
    made: Bridge = call_target(target, options, fields, layout, root, kind="bridge")
    with calling(target, "bridge"):
        identity = getattr(made, "identity", None)
    if not isinstance(identity, str):
        raise fault(
            target,
            "has no identity, by which what it makes is kept",
            got="nothing called identity" if identity is None else f"{type(identity).__name__} {identity!r}",
            allowed="a string that names everything that changes its output",
            kind="bridge",
        )
    if not callable(made):
        raise fault(target, "cannot be called with rows", got=type(made).__name__, allowed="modaxfer.contracts.Bridge",
                    kind="bridge")  # fmt: skip
    if isinstance(made, FittedBridge) and learned is not None:
        with calling(target, "bridge"):
            made.restore(learned)
    return made


def bridged(bridge: Bridge, rows: Sequence[Row]) -> Sequence[Any]:
    """Return the raw value that `bridge` makes of each row.

    Raises:
        DataError: A row cannot be read.
        PluginFaultError: It fails, does not return one value per row, or gives a text encoder a bare string.
    """
    with calling(bridge, "bridge"):
        made: Any = bridge(rows)
    if isinstance(made, Sequence) and not isinstance(made, str | bytes) and len(made) == len(rows):
        bare = next((value for value in made if isinstance(value, str)), None)
        if bare is not None and _leads_to_text(type(bridge)):
            raise fault(bridge, "gave a bare string, whose letters would be taken for fields", got=repr(bare[:40]),
                        allowed="a tuple of strings per row, one for each field: (text,)",
                        kind="bridge", at=type(bridge).__call__)  # fmt: skip
        return made
    got = f"{len(made)} values of {len(rows)} rows" if hasattr(made, "__len__") else _described(made)
    raise fault(bridge, "did not return one value per row", got=got, allowed=f"a list of {len(rows)} values",
                kind="bridge", at=type(bridge).__call__)  # fmt: skip


@cache
def _leads_to_text(bridge: type) -> bool:
    """Return whether the sink of this class of bridges is text; others may hand bare strings on."""
    named = blame_of(bridge, "bridge").id
    return any(entry.id == named and entry.spec.sink == "text" for entry in registry().all("bridge"))


def _described(made: object) -> str:
    return "None" if made is None else type(made).__name__
