"""Bridges to look at: built for fields of each kind that a spec names, fitted to made rows where they learn."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modaxfer.config import build
from modaxfer.contracts import FittedBridge, InputLayout, Row, TrainedBridge
from modaxfer.errors import RefusedError
from modaxfer.registry import load_target
from modaxfer.spec import BridgeSpec
from modaxfer.testing.material.raw_inputs import RATE
from modaxfer.testing.material.task_rows import fields_of, rows_of

__all__ = ["BridgeCase", "bridge_cases", "plain"]

LAYOUTS = {
    "text": InputLayout(kind="text", max_tokens=64),
    "image": InputLayout(kind="image", max_tokens=65, patch_size=8, image_size=64),
    "patches": InputLayout(kind="patches", max_tokens=64, patch_size=8, image_size=64),
    "audio": InputLayout(kind="audio", max_tokens=100, rate=RATE, seconds=2.0),
    "embeddings": InputLayout(kind="embeddings", max_tokens=64),
}
"""What encoders of the usual kinds of input say of it."""


@dataclass(frozen=True, kw_only=True)
class BridgeCase:
    """A bridge for fields of some kinds, to be built as often as is needed."""

    spec: BridgeSpec
    kinds: tuple[str, ...]
    target: Any

    def __str__(self) -> str:
        return f"bridge {self.spec.name} over {'+'.join(self.kinds)}"

    def rows(self, seed: int = 0) -> list[Row]:
        """Return rows with all its fields."""
        return rows_of(self.kinds, seed=seed)

    def made(self, **options: Any) -> Any:
        """Return it as a run builds it, unfitted.

        Raises:
            ModaxferError: It refuses these fields or options.
        """
        own = build(load_target(self.spec.options), options, where="bridge.") if self.spec.options else None
        layout = LAYOUTS.get(self.spec.sink, InputLayout(kind=self.spec.sink, max_tokens=64))
        return self.target(own, fields_of(self.kinds), layout, None)

    def fitted(self, rows: Sequence[Row] | None = None, **options: Any) -> Any:
        """Return it fitted to `rows`, where it is one that learns; their targets are two classes in turn."""
        bridge = self.made(**options)
        if isinstance(bridge, FittedBridge):
            given = self.rows() if rows is None else list(rows)
            bridge.fit(given, np.arange(len(given)) % 2)
        return bridge

    def output(self, bridge: Any, rows: Sequence[Row]) -> Any:
        """Return what `bridge` makes of `rows`, to be compared; of one with weights what its processor makes of it."""
        values = bridge(rows)
        return plain(bridge.processor()(values) if isinstance(bridge, TrainedBridge) else values)

    def others(self) -> Iterator[Mapping[str, Any]]:
        """Yield options that differ from the defaults in one value each."""
        for item in dataclasses.fields(load_target(self.spec.options)) if self.spec.options else ():
            for value in _instead(item.default, item.metadata.get("choices", ())):
                yield {item.name: value}


def bridge_cases(spec: BridgeSpec, target: Any) -> tuple[BridgeCase, ...]:
    """Return the bridge over each kind of field that it takes, and over all of them side by side; of texts over two.

    One that refuses a kind alone, by a `RefusedError`, is looked at where it takes it.
    """
    kinds = sorted(spec.sources)
    wanted: list[tuple[str, ...]] = [(kind,) for kind in kinds]
    if len(kinds) > 1:
        wanted.append(tuple(kinds))
    elif kinds == ["text"]:
        wanted.append(("text", "text"))
    cases = [BridgeCase(spec=spec, kinds=each, target=target) for each in wanted]
    taken = [case for case in cases if len(cases) == 1 or _takes(case)]
    return tuple(taken) or tuple(cases[-1:])


def plain(value: Any) -> Any:
    """Return a raw value as tuples, bytes and numbers, to be compared: pictures by pixels, arrays by content."""
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, value.tobytes())
    if hasattr(value, "getpixel"):
        return (value.mode, value.size, value.tobytes())
    if dataclasses.is_dataclass(value):
        return tuple(plain(getattr(value, item.name)) for item in dataclasses.fields(value))
    if isinstance(value, Mapping):
        return tuple((key, plain(each)) for key, each in value.items())
    return tuple(map(plain, value)) if isinstance(value, list | tuple) else value


def _takes(case: BridgeCase) -> bool:
    try:
        case.made()
    except RefusedError:
        return False
    return True


def _instead(value: Any, choices: Sequence[Any]) -> tuple[Any, ...]:
    """Return other values of an option."""
    if choices:
        return tuple(choice for choice in choices if choice != value)
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (value + 1, value // 2)
    return (value * 0.5, value * 1.5) if isinstance(value, float) else ()
