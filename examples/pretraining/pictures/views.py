"""Collect what an encoder learns to see: views of photos, drawings and emoji. Nothing of it is in this repository.

Sources: inputs of the train splits of ``fashion-products`` and ``houses`` below ``MODAXFER_DATA``, without their
labels; emoji of ``fonts-noto-color-emoji`` (OFL) and, where they are installed, the photos and drawings of
``tuxpaint-stamps-default`` (GPL 2 or public domain), both from Debian.

    python views.py FOLDER

MOST, in the environment, says how many views stay, drawn at random; default all, some 33,000.
"""

from __future__ import annotations

import io
import os
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

FONT = Path(os.environ.get("EMOJI", "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"))
EMOJI_SIZE = 109
"""Of the one bitmap that the font has of each."""
STAMPS = Path(os.environ.get("STAMPS", "/usr/share/tuxpaint/stamps"))
PHOTOS = {"fashion-products": ("image",), "houses": ("frontal", "bedroom", "kitchen", "bathroom")}

BLOCKS = ((0x2600, 0x27BF), (0x1F300, 0x1F64F), (0x1F680, 0x1F6FC), (0x1F900, 0x1F9FF), (0x1FA70, 0x1FAF8))
"""Of Unicode, where pictures are."""

SIDE, QUALITY = 192, 88
SMALLEST = 0.35
"""Share of a picture's area that a view has at least."""
VIEWS = {"emoji": 6, "stamp": 8, "photo": 5}


class Picture(NamedTuple):
    """An encoded picture, or a character of the font."""

    name: str
    kind: str
    data: bytes | str


def emoji() -> list[Picture]:
    """Return all emoji of one character."""
    return [Picture(f"{code:x}", "emoji", chr(code)) for first, last in BLOCKS for code in range(first, last + 1)]


def stamps() -> list[Picture]:
    """Return the photos and drawings that are installed."""
    return [Picture(f"stamp{at}", "stamp", path.read_bytes()) for at, path in enumerate(sorted(STAMPS.rglob("*.png")))]


def photos() -> list[Picture]:
    """Return the photos of the tasks' train splits."""
    found = []
    for task, columns in PHOTOS.items():
        table = pq.read_table(Path(os.environ["MODAXFER_DATA"]) / task / "train.parquet", columns=list(columns))
        for column in columns:
            encoded = [each["bytes"] for each in table[column].to_pylist()]
            found += [Picture(f"{task}-{column}{at}", "photo", data) for at, data in enumerate(encoded)]
    return found


def opened(picture: Picture) -> Image.Image | None:
    """Return a picture with its transparency; None for a character that the font does not have."""
    if isinstance(picture.data, bytes):
        return Image.open(io.BytesIO(picture.data)).convert("RGBA")
    drawn = Image.new("RGBA", (136, 128))
    font = ImageFont.truetype(FONT, EMOJI_SIZE)
    ImageDraw.Draw(drawn).text((0, 0), picture.data, font=font, embedded_color=True)
    return drawn if drawn.getbbox() else None


def view(image: Image.Image, rng: random.Random) -> Image.Image:
    """Return a part of a picture, on a ground of one colour where it is transparent, mirrored or not, lit anew."""
    ground = Image.new("RGBA", image.size, (*(rng.randint(0, 255) for _ in range(3)), 255))
    flat = Image.alpha_composite(ground, image).convert("RGB")
    width, height = flat.size
    share, shape = rng.uniform(SMALLEST, 1.0) ** 0.5, rng.uniform(0.8, 1.25) ** 0.5
    wide, high = min(width, round(width * share * shape)), min(height, round(height * share / shape))
    left, top = rng.randint(0, width - wide), rng.randint(0, height - high)
    made = flat.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=(left, top, left + wide, top + high))
    if rng.random() < 0.5:
        made = made.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rng.random() < 0.15:
        made = made.convert("L").convert("RGB")
    for change in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        made = change(made).enhance(rng.uniform(0.7, 1.3))
    return made


def write_views(picture: Picture, folder: Path) -> int:
    """Write the views of a picture; return how many there are."""
    image = opened(picture)
    if image is None:
        return 0
    rng = random.Random(picture.name)
    for number in range(VIEWS[picture.kind]):
        view(image, rng).save(folder / f"{picture.name}-{number}.jpg", quality=QUALITY)
    return VIEWS[picture.kind]


def thin(folder: Path, most: int) -> int:
    """Leave `most` of the views, drawn at random; return how many there are."""
    views = sorted(folder.glob("*.jpg"))
    random.Random(0).shuffle(views)
    for path in views[most:]:
        path.unlink()
    return min(most, len(views))


def main(folder: Path) -> None:
    """Write views below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = [*emoji(), *stamps(), *photos()]
    with ProcessPoolExecutor() as pool:
        counts = pool.map(write_views, pictures, repeat(folder), chunksize=64)
        made = sum(counts)
    print(f"{thin(folder, int(os.environ.get('MOST', made))):,} of {made:,} views of {len(pictures):,} pictures")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
