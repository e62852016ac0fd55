"""Windows: which stretch of a scan's numbers is shown between black and white."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modaxfer.errors import ConfigError, close_matches

if TYPE_CHECKING:
    import numpy as np

__all__ = ["PRESETS", "Window", "spread_window", "window_of"]

SHOWN = 99.0
"""Percent of the numbers of a scan without a scale of its own that lie between black and white, see `spread_window`."""

_NUMBERS = re.compile(r"(-?\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)")


@dataclass(frozen=True, kw_only=True)
class Window:
    """A centre and a width, in the unit of the scan: Hounsfield units of a CT."""

    centre: float
    width: float

    def __post_init__(self) -> None:
        if not self.width >= 1:
            raise ConfigError("a window is at least 1 wide", got=f"{self}", fix="write CENTRE/WIDTH, such as 40/80")

    def __str__(self) -> str:
        return f"{self.centre:g}/{self.width:g}"

    def shown(self, values: np.ndarray) -> np.ndarray:
        """Return shades of grey, uint8: black below the window, white above it, even steps within.

        The linear function of DICOM PS3.3, C.11.2.1.2.1. Of a width of 1 it is a step.

        Args:
            values: Numbers of any shape, in the unit of the window.
        """
        import numpy as np

        width = max(self.width - 1, 1e-6)
        shares = (values.astype(np.float64) - (self.centre - 0.5)) / width + 0.5
        return np.rint(255 * shares.clip(0, 1)).astype(np.uint8)


PRESETS = {
    "brain": Window(centre=40, width=80),
    "stroke": Window(centre=40, width=40),
    "subdural": Window(centre=75, width=215),
    "temporal-bone": Window(centre=600, width=2800),
    "lung": Window(centre=-600, width=1500),
    "mediastinum": Window(centre=50, width=350),
    "soft-tissue": Window(centre=50, width=400),
    "liver": Window(centre=30, width=150),
    "spine-soft-tissue": Window(centre=50, width=250),
    "bone": Window(centre=400, width=1800),
}
"""Customary windows of a CT, in Hounsfield units, after Murphy et al., "Windowing (CT)", Radiopaedia.org,
doi:10.53347/rID-52108; of ``subdural``, for which it gives ranges, the middles. Departments differ."""


def window_of(text: str) -> Window:
    """Return the window that a preset's name or ``CENTRE/WIDTH`` stands for.

    Raises:
        ConfigError: It is neither.
    """
    if text in PRESETS:
        return PRESETS[text]
    if found := _NUMBERS.fullmatch(text.replace(" ", "")):
        return Window(centre=float(found[1]), width=float(found[2]))
    close = close_matches(text, list(PRESETS))
    raise ConfigError(
        "no such window",
        got=text,
        allowed=f"{', '.join(PRESETS)}, or CENTRE/WIDTH such as 40/80",
        fix=f"did you mean {' or '.join(close)}?" if close else "name one of these",
    )


def spread_window(values: np.ndarray) -> Window:
    """Return the window around the middle `SHOWN` percent of the numbers, for scans without a scale, such as MRI."""
    import numpy as np

    beyond = (100 - SHOWN) / 2
    low, high = (float(end) for end in np.percentile(values, [beyond, 100 - beyond]))
    # Of few distinct numbers both ends can be one.
    return Window(centre=(low + high + 1) / 2, width=max(high - low + 1, 1))
