"""What an encoder is given of a row: lines for a terminal, a PNG, a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from modaxfer.errors import ConfigError
from modaxfer.escaping import html_text
from modaxfer.reports.compiled import compiled
from modaxfer.reports.explain.given import address, png, spectrogram, wav
from modaxfer.reports.palette import DARK, LIGHT
from modaxfer.result import write_atomically
from modaxfer.version import __version__

if TYPE_CHECKING:
    from modaxfer.runner.explain.previewed import Preview
    from modaxfer.runner.rows.drawn import Drawn

__all__ = ["preview_lines", "seen", "write_preview"]

RAMP = " .:-=+*#%@"
"""Letters from dark to bright; a terminal is taken for dark."""

TALL = 2
"""How much taller than wide a letter is."""


def seen(given: Drawn) -> np.ndarray | None:
    """Return a picture of what is given, uint8 ``[height, width, 3]``; of a sound its spectrogram; None of others."""
    if given.pixels is not None:
        return given.pixels
    return None if given.samples is None else spectrogram(given.samples, given.rate)


def preview_lines(given: Drawn, width: int) -> list[str]:
    """Return lines for a terminal of `width` letters."""
    lines = [f"{given.kind} of {', '.join(given.fields[:6])}: {given.size}"]
    pixels = seen(given)
    if given.tokens:
        return [*lines, *_wrapped(given.tokens, width)]
    if pixels is not None:
        return [*lines, *_letters(pixels, width)]
    if given.numbers is not None:
        lines += _wrapped([f"{value:.4g}" for value in given.numbers.reshape(-1)[:64]], width)
    return lines


def _wrapped(words: Sequence[str], width: int) -> list[str]:
    found = [""]
    for word in words:
        if found[-1] and len(found[-1]) + len(word) + 1 > width:
            found.append("")
        found[-1] += f" {word}" if found[-1] else word
    return found


def _letters(pixels: np.ndarray, width: int) -> list[str]:
    """Return a picture in letters, no wider than `width` and than its own pixels."""
    picture = Image.fromarray(pixels).convert("L")
    columns = max(1, min(width, picture.width))
    rows = max(1, round(picture.height * columns / picture.width / TALL))
    grey = np.asarray(picture.resize((columns, rows), Image.Resampling.BOX), dtype=int)
    return ["".join(RAMP[value * len(RAMP) // 256] for value in row).rstrip() for row in grey]


def write_preview(made: Preview, output: Path) -> None:
    """Write what is given as a PNG or an HTML page, by the ending of `output`.

    Raises:
        ConfigError: It has another ending, is text where a PNG is asked for, or cannot be written.
    """
    try:
        if output.suffix.lower() == ".png":
            output.write_bytes(_one_png(made))
        elif output.suffix.lower() in (".html", ".htm"):
            write_atomically(output, _page(made))
        else:
            raise ConfigError(
                "what an encoder is given is written by file extension", got=output, allowed=(".png", ".html")
            )
    except OSError as error:
        got = f"{output}: {error.strerror or error}"
        raise ConfigError("the output cannot be written", got=got, fix="name another file with --output") from error


def _one_png(made: Preview) -> bytes:
    pictures = [found for one in made.given if (found := seen(one)) is not None]
    if not pictures:
        raise ConfigError(
            "there is no picture of what this encoder is given",
            got=", ".join(one.kind for one in made.given),
            fix="leave --output out, or write an .html page",
        )
    width = max(picture.shape[1] for picture in pictures)
    return png(
        np.concatenate(
            [
                np.pad(picture, ((0, 4), (0, width - picture.shape[1]), (0, 0)), constant_values=128)
                for picture in pictures
            ]
        )
    )


def _page(made: Preview) -> str:
    return compiled("preview.html.jinja", html_text).render(
        made=made, given=[_shown(one) for one in made.given], light=LIGHT, dark=DARK, version=__version__
    )


def _shown(given: Drawn) -> dict[str, Any]:
    pixels = seen(given)
    return {
        "kind": given.kind,
        "fields": ", ".join(given.fields[:6]),
        "size": given.size,
        "tokens": given.tokens,
        "numbers": [] if given.numbers is None else [f"{value:.4g}" for value in given.numbers.reshape(-1)[:64]],
        "picture": "" if pixels is None else address(png(pixels), "image/png"),
        "width": 0 if pixels is None else min(640, max(288, pixels.shape[1])),
        "audio": "" if given.samples is None else address(wav(given.samples, given.rate), "audio/wav"),
    }
