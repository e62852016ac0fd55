"""Sound as a picture: log-mel bands, time to the right, low pitch at the bottom, loud is bright."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from modaxfer.bridges.learned import fitted, state_name, taken_over
from modaxfer.bridges.log_mel import LogMel
from modaxfer.config import documented
from modaxfer.errors import DataError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from modaxfer.contracts import InputLayout, Row
    from modaxfer.spec import Field

__all__ = ["SpectrogramBridge", "SpectrogramOptions"]

CUSTOMARY_SIZE = 224
"""Pixels per side where the encoder names none."""


@dataclass(frozen=True, kw_only=True)
class SpectrogramOptions:
    """How a sound is analysed; ``--set bridge.KEY=VALUE``."""

    rate: int = documented(
        16_000, "Highest rate in Hz; the training clips' own highest where it is lower.", minimum=100
    )
    seconds: float = documented(
        10.0, "Longest stretch shown in seconds; the longest training clip where it is shorter.", minimum=0.05
    )
    window: float = documented(0.025, "Window of one spectrum in seconds.", minimum=0.002)
    bands: int = documented(128, "Mel bands, at most one per pixel row.", minimum=8)
    decibels: float = documented(80.0, "Range shown below a clip's loudest point, in dB.", minimum=10.0)


@dataclass(frozen=True, kw_only=True)
class _Hearing:
    """What the training clips said."""

    rate: int
    seconds: float


class SpectrogramBridge:
    """Draws a row's sound as a grey log-mel picture (Slaney's mel scale).

    The longest training clip spans the picture's width; a shorter one is followed by silence, which is black. One
    column of pixels is one step in time while that is 5 ms or more; else steps of 5 ms are stretched. Fitted: rate and
    length are the training clips' own.

    Args:
        options: How to analyse.
        fields: The task's one audio field.
        layout: The encoder's picture size; 224 where it names none.
        root: Folder that relative paths are resolved against and may not leave.

    Raises:
        RefusedError: A field is not audio, or there is not exactly one.
    """

    def __init__(
        self, options: SpectrogramOptions, fields: tuple[Field, ...], layout: InputLayout, root: Path | None
    ) -> None:
        if len(fields) != 1 or fields[0].signal.kind != "audio":
            raise RefusedError(
                "the spectrogram bridge draws one sound per row",
                got=[f"{field.name} ({field.signal})" for field in fields] or "no field",
                allowed="exactly one field, of kind audio",
                fix="name one audio column; --bridge montage draws several fields side by side",
            )
        self._name, self._root, self._options = fields[0].name, root, options
        self._size = layout.image_size or CUSTOMARY_SIZE
        self._hearing: _Hearing | None = None
        self._analysis = lru_cache(maxsize=4)(self._new_analysis)
        self._rows = self._cut = 0
        self.identity = self._named(None)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was lost so far: clips that were cut."""
        if not self._cut:
            return ()
        seconds = fitted(self._hearing, "spectrogram").seconds
        return (
            f"spectrogram: {self._cut} of {self._rows} clips of {self._name} were cut to {seconds:.3g} s "
            "(--set bridge.seconds=N, and training clips of that length, show more)",
        )

    def fit(self, rows: Sequence[Row], targets: np.ndarray) -> None:
        """Find rate and length of the training clips; missing sounds and `targets` say nothing.

        Raises:
            DataError: A sound cannot be read, or there is none.
        """
        from modaxfer.data.media import read_sound

        rate, seconds = 0, 0.0
        for row in rows:
            if row[self._name] is not None:
                sound = read_sound(row[self._name], self._root, rate=None, seconds=self._options.seconds)
                rate, seconds = max(rate, sound.rate), max(seconds, len(sound.samples) / sound.rate)
        if not rate:
            raise DataError("no training row has a sound", column=self._name, fix="choose another audio column")
        self._hear(_Hearing(rate=min(rate, self._options.rate), seconds=min(seconds, self._options.seconds)))

    def state(self) -> dict[str, Any]:
        """Return ``rate`` (Hz) and ``seconds``."""
        return asdict(fitted(self._hearing, "spectrogram"))

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over a `state`.

        Raises:
            ConfigError: It is not of this bridge.
        """
        values = taken_over(state, ("rate", "seconds"), "spectrogram")
        self._hear(_Hearing(rate=int(values["rate"]), seconds=float(values["seconds"])))

    def __call__(self, rows: Sequence[Row]) -> list[Image.Image]:
        """Return one square RGB picture per row.

        Raises:
            DataError: A sound cannot be read.
            ModaxferError: The bridge has not been fitted.
        """
        return self.pictures(rows, self._size, self._size)

    def pictures(self, rows: Sequence[Row], width: int, height: int) -> list[Image.Image]:
        """Draw the sounds of `rows` as RGB pictures of `width` x `height` pixels."""
        return [self._picture(row, width, height) for row in rows]

    def _picture(self, row: Row, width: int, height: int) -> Image.Image:
        from modaxfer.data.media import read_sound

        analysis = self._analysis(width, height)
        # A little more than is drawn tells whether the sound goes on.
        seconds = analysis.samples / analysis.rate + 0.1
        samples = read_sound(row[self._name], self._root, rate=analysis.rate, seconds=seconds).samples
        self._rows += 1
        # Resampling may round a clip up by a sample.
        self._cut += len(samples) > analysis.samples + 1
        image = Image.fromarray(np.rint(255 * analysis(samples)[::-1]).astype(np.uint8))
        if image.size != (width, height):
            image = image.resize((width, height), Image.Resampling.BILINEAR)
        return image.convert("RGB")

    def _hear(self, hearing: _Hearing) -> None:
        self._hearing = hearing
        self._analysis.cache_clear()
        self.identity = self._named(self.state())

    def _named(self, state: Mapping[str, Any] | None) -> str:
        """Return field, options, size and what was learned, as one string."""
        return f"spectrogram:{self._name}:size={self._size}:{self._options}:{state_name(state)}"

    def _new_analysis(self, width: int, height: int) -> LogMel:
        hearing, options = fitted(self._hearing, "spectrogram"), self._options
        return LogMel(
            rate=hearing.rate,
            seconds=hearing.seconds,
            window=options.window,
            bands=min(options.bands, height),
            most=width,
            decibels=options.decibels,
        )
