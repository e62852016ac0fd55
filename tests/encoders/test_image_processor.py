"""Pictures are resized by several threads at a time."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from modaxfer.encoders.processors.image import ImageProcessor


def test_a_picture_that_is_not_decoded_yet_may_be_given_twice():
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8))
    processor = ImageProcessor(32, 2, 5)
    (expected,) = processor([noise])
    for _ in range(5):
        stream = io.BytesIO()
        noise.save(stream, "PNG")
        late = Image.open(stream)
        made = processor([late] * 4)
        assert all(np.array_equal(one["pixel_values"], expected["pixel_values"]) for one in made)
