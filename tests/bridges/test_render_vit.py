"""Rendered text in a tiny vision transformer: what stands behind a strip's end changes nothing."""

from __future__ import annotations

import pytest
import torch

from modaxfer.bridges.render import RenderBridge, RenderOptions
from modaxfer.config import EncoderOptions
from modaxfer.contracts import pool
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import load_encoder
from modaxfer.spec import TEXT, Field
from modaxfer.testing.material import tiny_models

FIELDS = (Field(name="sentence", signal=TEXT), Field(name="party", signal=TEXT))
ROWS = [{"sentence": "He won.", "party": "Lee"}, {"sentence": "The court denied the motion.", "party": "Lee"}]


@pytest.fixture(scope="module", params=["vit-continuous", "vit-bigrams", "dinov2-continuous", "dinov2-bigrams"])
def setting(request, tmp_path_factory):
    name, unit = request.param.split("-")
    folder = tmp_path_factory.mktemp(request.param)
    tiny_models.save(name, folder, image_size=64)
    resolved = resolve(str(folder))
    encoder = load_encoder(resolved, options=EncoderOptions(), dropout=0.0, pretrained=True, seed=0).eval()
    bridge = RenderBridge(RenderOptions(unit=unit), FIELDS, resolved.layout("patches", EncoderOptions()), None)
    processor = encoder.processor("patches")
    return encoder, processor, bridge


@torch.no_grad()
def pooled(encoder, batch, pooling):
    return pool(encoder.finish(encoder.run(encoder.embed(batch), 0, encoder.depth)), pooling)


@pytest.mark.parametrize("pooling", ["cls", "mean"])
@pytest.mark.parametrize("blank", [0, 255])
def test_blank_patches_behind_a_strip_change_nothing(setting, pooling, blank) -> None:
    encoder, processor, bridge = setting
    examples = processor(bridge(ROWS))
    alone = pooled(encoder, processor.collate(examples[:1]), pooling)
    batch = processor.collate(examples)
    assert not batch["mask"][0].all()
    batch["patches"][0, ~batch["mask"][0]] = blank
    torch.testing.assert_close(pooled(encoder, batch, pooling)[:1], alone, rtol=0, atol=1e-5)


def test_the_party_changes_what_the_encoder_sees(setting) -> None:
    encoder, processor, bridge = setting
    rows = [ROWS[0], {**ROWS[0], "party": "Ray"}]
    first, second = (pooled(encoder, processor.collate(processor(bridge([row]))), "mean") for row in rows)
    assert (first - second).abs().max() > 1e-4
