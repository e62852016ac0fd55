"""Which bridge joins which kinds of fields to which encoder, where none is asked for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from modaxfer.errors import RefusedError
from modaxfer.registry import registry
from modaxfer.runner.request.request import pick_way
from modaxfer.spec import AUDIO, IMAGE, TABLE, TEXT, EncoderSpec, Field, Signal
from tables.markdown import code, table

SOURCES = {
    "texts": (TEXT,),
    "one image": (IMAGE,),
    "one sound": (AUDIO,),
    "a table": (TABLE,),
    "a table and texts": (TABLE, TEXT),
    "image and text": (IMAGE, TEXT),
    "several images": (IMAGE, IMAGE),
    "several sounds": (AUDIO, AUDIO),
    "any other mix": (AUDIO, IMAGE, TABLE, TEXT),
}
"""What a task may have, by how people call it."""

UNKNOWN = {"other image models (ResNet, ConvNeXt ...)": IMAGE, "other sound models": AUDIO}
"""Models of `auto` that take one raw signal; its text models take what `bert` takes."""


def ways() -> str:
    """Return the default bridge from what a task has to each encoder; encoders with equal ways share a column."""
    columns: dict[tuple[str, ...], list[str]] = {}
    for name, encoder in _encoders().items():
        columns.setdefault(tuple(_bridge(kinds, encoder) for kinds in SOURCES.values()), []).append(name)
    rows = zip(SOURCES, zip(*columns, strict=True), strict=True)
    return table(
        ["the task has", *(", ".join(names) for names in columns.values())],
        [[source, *bridges] for source, bridges in rows],
    )


def _encoders() -> dict[str, Any]:
    known = {code(entry.name): entry for entry in registry().all("encoder") if entry.name != "auto"}
    named = {
        name: SimpleNamespace(spec=EncoderSpec(name="auto", target="", inputs=(signal,)))
        for name, signal in UNKNOWN.items()
    }
    return known | named


def _bridge(kinds: tuple[Signal, ...], encoder: Any) -> str:
    fields = tuple(Field(name=f"{place}", signal=signal) for place, signal in enumerate(kinds))
    try:
        return code(registry().shown(pick_way(fields, encoder, None)))
    except RefusedError:
        return "refused"
