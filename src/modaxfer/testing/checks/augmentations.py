"""Level 3: an augmentation gives back what it was given, changed by the generator's chance alone."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from modaxfer.contracts import Cells, Mixed, Sound
from modaxfer.spec import Change
from modaxfer.testing.check import Level, check, fail, skip

if TYPE_CHECKING:
    from modaxfer.testing.subject import Subject

__all__ = ["CHECKS"]

_SEEDS = 20


@check(Level.CONTRACT, "augmentation")
def keeps_kind_and_shape(subject: Subject) -> None:
    """What it returns is of the kind and shape of what it was given, at the least and the greatest strength."""
    for signal in sorted(subject.spec.signals):
        for strength in (subject.spec.least, subject.spec.strength, subject.spec.most):
            given, returned = _shape(_given(subject, signal)), _shape(_changed(subject, signal, strength, 0))
            expected = "mapping of " + given.partition("mapping of ")[2] if signal == "table" else given
            if returned != expected:
                fail(
                    f"a value of the signal {signal} came back as something else, at strength {strength:g}",
                    got=returned,
                    allowed=expected,
                    fix="return what was given, changed: the kind, the size and the number type stay",
                )


@check(Level.CONTRACT, "augmentation")
def follows_its_generator(subject: Subject) -> None:
    """All chance comes from the generator: one seed gives one outcome, and some of twenty seeds change something."""
    for signal in sorted(subject.spec.signals):
        given = _digest(_given(subject, signal))
        for seed in range(2):
            first, second = (_digest(_changed(subject, signal, subject.spec.strength, seed)) for _ in range(2))
            if first != second:
                fail(
                    f"one seed gives two outcomes of the signal {signal}",
                    got=f"two outcomes of seed {seed}",
                    allowed="one",
                    fix="draw from the generator that is given, and from nothing else",
                )
        if all(_digest(_changed(subject, signal, subject.spec.most, seed)) == given for seed in range(_SEEDS)):
            got = f"{_SEEDS} outcomes as they were given, at strength {subject.spec.most:g}"
            fail(
                f"it never changes anything of the signal {signal}", got=got, allowed="a change", fix="use the strength"
            )


@check(Level.CONTRACT, "augmentation")
def strength_zero_changes_nothing(subject: Subject) -> None:
    """Where its strength may be zero, nothing is changed then."""
    if subject.spec.least != 0.0 or subject.spec.level == "batch":
        skip("its strength is not one that turns it off")
    for signal in sorted(subject.spec.signals):
        given = _digest(_given(subject, signal))
        if any(_digest(_changed(subject, signal, 0.0, seed)) != given for seed in range(_SEEDS)):
            fail(
                f"strength 0 changes a value of the signal {signal}",
                got="another value",
                allowed="the value that was given",
                fix="scale all it does by the strength, or state least=... in its spec",
            )


@check(Level.CONTRACT, "augmentation")
def leaves_what_it_is_given_alone(subject: Subject) -> None:
    """What it was given is as it was: rows are shared between epochs."""
    for signal in sorted(subject.spec.signals):
        given = _given(subject, signal)
        before = _digest(given)
        _call(subject, given, subject.spec.most, 0)
        if _digest(given) != before:
            fail(
                f"it changed the value of the signal {signal} that it was given", got="another value", fix="copy first"
            )


@check(Level.CONTRACT, "augmentation")
def heeds_what_is_forbidden(subject: Subject) -> None:
    """One that leaves out itself what a task forbids works where everything is forbidden."""
    if not subject.spec.heeds:
        skip("it does not say that it heeds what is forbidden")
    for signal in sorted(subject.spec.signals):
        generator = np.random.default_rng(0)
        subject.target()(_given(subject, signal), subject.spec.strength, generator, forbid=tuple(Change))


def _changed(subject: Subject, signal: str, strength: float, seed: int) -> Any:
    return _call(subject, _given(subject, signal), strength, seed)


def _call(subject: Subject, given: Any, strength: float, seed: int) -> Any:
    generator, target = np.random.default_rng(seed), subject.target()
    if subject.spec.level == "row":
        return target(given, strength, generator)
    mixed = target(*given, strength, generator)
    if not isinstance(mixed, Mixed) or not 0.0 <= mixed.share <= 1.0:
        got = f"share {mixed.share}" if isinstance(mixed, Mixed) else type(mixed).__name__
        fail("it returned no Mixed with a share", got=got, allowed="Mixed(inputs=..., share=0 ... 1)", fix="see Mixed")
    return (dict(mixed.inputs), given[1])


def _given(subject: Subject, signal: str) -> Any:
    if subject.spec.level == "batch":
        return tuple(_inputs(signal, seed) for seed in (0, 1))
    if signal not in _VALUES:
        skip(f"there are no rows of the signal {signal} in the kit")
    return _VALUES[signal]()


def _picture() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (24, 32, 3), dtype=np.uint8))


def _sound() -> Sound:
    samples = np.sin(np.arange(16_000) * 0.05).astype(np.float32) * np.float32(0.3)
    return Sound(samples=samples + np.random.default_rng(0).normal(0, 0.02, 16_000).astype(np.float32), rate=16_000)


def _cells() -> Cells:
    values = {"age": 41.0, "amount": 310.5, "months": 24, "purpose": "car", "notes": None}
    return Cells(values=values, deviations={"age": 9.0, "amount": 120.0, "months": 12.0}, whole=frozenset({"months"}))


_VALUES: Mapping[str, Callable[[], Any]] = {
    "text": lambda: "The court held that the tenant owed nothing to the landlord, whatever the lease had said.",
    "image": _picture,
    "audio": _sound,
    "table": _cells,
}


def _inputs(signal: str, seed: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    if signal == "image":
        return {"pixel_values": torch.rand(3, 32, 32, generator=generator)}
    return {
        "input_values": torch.randn(1600, generator=generator),
        "attention_mask": torch.ones(1600, dtype=torch.bool),
    }


def _shape(value: Any) -> str:
    """Return what stays of a value, for people."""
    if isinstance(value, Image.Image):
        return f"{value.mode} picture of {value.width} x {value.height}"
    if isinstance(value, Sound):
        return f"sound of {value.samples.dtype} {value.samples.shape} at {value.rate} Hz"
    if isinstance(value, Cells):
        return f"mapping of {', '.join(value.values)}"
    if isinstance(value, Mapping):
        return f"mapping of {', '.join(map(str, value))}"
    if isinstance(value, tuple):
        own = value[0]
        return ", ".join(f"{name} {each.dtype} {tuple(each.shape)}" for name, each in own.items())
    return type(value).__name__


def _digest(value: Any) -> Any:
    """Return the content of a value, to be compared."""
    if isinstance(value, Image.Image):
        return value.tobytes()
    if isinstance(value, Sound):
        return value.samples.tobytes()
    if isinstance(value, Cells):
        return {**value.values}
    if isinstance(value, tuple):
        return tuple((name, each.numpy().tobytes()) for name, each in value[0].items())
    return copy.deepcopy(value)


CHECKS = (
    keeps_kind_and_shape,
    follows_its_generator,
    strength_zero_changes_nothing,
    leaves_what_it_is_given_alone,
    heeds_what_is_forbidden,
)
