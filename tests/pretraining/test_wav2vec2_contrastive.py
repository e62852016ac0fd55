from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
import torch
import transformers

import modaxfer
from killed_pretrainings import killed_at
from modaxfer.contracts import ObjectiveContext, Origin, Reading
from modaxfer.encoders.audio import Wav2Vec2Encoder
from modaxfer.errors import RefusedError
from modaxfer.pretraining.objectives.wav2vec2_contrastive import (
    Contrastive,
    ContrastiveOptions,
    contrastive_loss,
    draw_negatives,
)
from modaxfer.pretraining.training import Training
from modaxfer.runner.processes.signals import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = 11
CONFIG = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "conv_dim": (8, 8),
    "conv_kernel": (10, 4),
    "conv_stride": (5, 4),
    "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
    "num_codevectors_per_group": 3,
    "codevector_dim": 8,
    "proj_codevector_dim": 8,
}
NOISE = {"hidden_dropout": 0, "attention_dropout": 0, "activation_dropout": 0, "feat_proj_dropout": 0}
NOISE |= {"layerdrop": 0, "feat_quantizer_dropout": 0}


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_negatives_are_other_hidden_frames_of_the_same_sound_each_as_often() -> None:
    hidden = torch.zeros(3, 9, dtype=torch.bool)
    hidden[0, [1, 4, 5, 8]] = True
    hidden[1, 3] = True
    places = draw_negatives(hidden, 3000, generator())
    for frame in (1, 4, 5, 8):
        counts = places[0, frame].bincount(minlength=9)
        assert set(counts.nonzero()[:, 0].tolist()) == {1, 4, 5, 8} - {frame}
        assert int(counts.max()) == pytest.approx(1000, abs=120)
    assert (places[1, 3] == 3).all()


@pytest.mark.parametrize("training", [True, False])
def test_loss_and_gradients_are_those_of_transformers(training: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    model = transformers.Wav2Vec2ForPreTraining(transformers.Wav2Vec2Config(**CONFIG, **NOISE)).train(training)
    encoder = Wav2Vec2Encoder(model.wav2vec2, Origin())
    context = ObjectiveContext(
        student=Reading(encoder=encoder, batch=dict, sink="audio"), field="input", kind="audio", folder=Path()
    )
    ours = Contrastive(context, ContrastiveOptions(codes=3, width=8)).train(training)
    theirs = {name: tensor for name, tensor in model.state_dict().items() if not name.startswith("wav2vec2.")}
    ours.load_state_dict(theirs | {"hidden_frame": model.wav2vec2.masked_spec_embed, "done": torch.zeros(())})

    def gumbel(logits: torch.Tensor, tau: float, hard: bool) -> torch.Tensor:
        noise = -torch.empty_like(logits).exponential_(generator=torch.Generator().manual_seed(SEED)).log()
        soft = ((logits + noise) / tau).softmax(-1)
        return torch.nn.functional.one_hot(soft.argmax(-1), logits.shape[-1]) - soft.detach() + soft

    monkeypatch.setattr(torch.nn.functional, "gumbel_softmax", gumbel)
    values = torch.randn(3, 400, generator=generator())
    frames = encoder.frames(400)
    hidden = torch.rand(3, frames, generator=generator()) < 0.6
    negatives = draw_negatives(hidden, 5, generator())
    whole = negatives + frames * torch.arange(3)[:, None, None]
    wanted = model(values, mask_time_indices=hidden, sampled_negative_indices=whole)
    batch = {"input_values": values, "lengths": torch.full((3,), 400)}
    got = ours({"batch": batch, "hidden": hidden, "negatives": negatives, "seed": SEED})
    count = int(hidden.sum())
    torch.testing.assert_close(count * got.loss, wanted.loss)
    torch.testing.assert_close(count * got.numbers["contrastive"], wanted.contrastive_loss)
    torch.testing.assert_close(2 * got.numbers["codes"], wanted.codevector_perplexity)
    parameters = [model.project_hid.weight, model.wav2vec2.feature_projection.projection.weight]
    own = [ours.project_hid.weight, encoder.projection.projection.weight]
    if training:
        parameters.append(model.quantizer.weight_proj.weight)
        own.append(ours.quantizer.weight_proj.weight)
    torch.testing.assert_close(
        torch.autograd.grad(count * got.loss, own), torch.autograd.grad(wanted.loss, parameters), rtol=1e-4, atol=1e-5
    )


def test_what_looks_alike_is_found_by_chance_and_what_has_the_same_codes_is_no_negative() -> None:
    hidden, alike = torch.ones(1, 6, dtype=torch.bool), torch.ones(1, 6, 4)
    negatives, codes = draw_negatives(hidden, 7, generator()), torch.arange(6)[None, :, None]
    loss, _ = contrastive_loss(alike, alike, codes, hidden, negatives, 0.1)
    assert float(loss) == pytest.approx(math.log(8))
    loss, found = contrastive_loss(alike, alike, torch.zeros_like(codes), hidden, negatives, 0.1)
    assert (float(loss), float(found)) == (0, 1)


@pytest.fixture(scope="module")
def settings(tiny: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Tones of two heights in turn."""
    folder = tmp_path_factory.mktemp("sounds")
    seconds = np.arange(800) / 16_000
    for number in range(30):
        low, high = (np.sin(2 * np.pi * seconds[:400] * pitch) for pitch in (200 + 20 * number, 3000 - 40 * number))
        soundfile.write(folder / f"{number}.wav", 0.5 * np.concatenate([low, high]), 16_000)
    return {
        "encoder": str(tiny("wav2vec2")), "objective": "wav2vec2-contrastive", "data": str(folder), "steps": 20,
        "batch_size": 12, "learning_rate": 3e-3, "validate_every": 20, "precision": "fp32", "device": "cpu",
        "weights": "random", "quiet": True, "set": {"codes": 8, "width": 8, "negatives": 5, "length": 2, "starts": 0.2},
    }  # fmt: skip


def told(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "pretraining.json").read_text())


@pytest.mark.parametrize("killed", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_it_learns_and_killed_and_resumed_it_ends_the_same(
    killed: bool, settings: dict[str, Any], tmp_path: Path
) -> None:
    made = modaxfer.pretrain(**settings, output=str(tmp_path / "ear"))
    first, last = told(made)["history"]
    assert last["loss"] < first["loss"]
    assert last["found"] > first["found"]
    assert 1 <= last["codes"] <= 8
    _, report = transformers.AutoModel.from_pretrained(made, output_loading_info=True)
    assert not report["missing_keys"] | report["unexpected_keys"]
    if not killed:  # By default the objective of two teachers is, and one whose rows processes prepare.
        return
    with killed_at(13), pytest.raises(StoppedError):
        modaxfer.pretrain(**settings, output=str(tmp_path / "again"))
    again = modaxfer.pretrain(output=str(tmp_path / "again"), resume=True, quiet=True)
    assert told(again)["history"] == told(made)["history"]


def test_code_vectors_that_fall_out_of_use_are_warned_of() -> None:
    training: Any = SimpleNamespace(least={"codes": 6.4})
    assert list(Training._troubles(training, {"codes": 6.5})) == []
    assert "codes has collapsed to 1.2 (below 6.4)" in next(Training._troubles(training, {"codes": 1.2}))


def test_another_encoder_of_sounds_is_refused_before_weights_are_loaded(
    settings: dict[str, Any], tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modaxfer.pretraining.run.load_encoder", pytest.fail)
    with pytest.raises(RefusedError, match="works on other architectures"):
        modaxfer.pretrain(**settings | {"encoder": str(tiny("whisper"))}, output=str(tmp_path / "x"))
