"""Encoders written as folders: read by AutoModel without a word, and by us to the same numbers."""

from __future__ import annotations

import json

import pytest
import torch
import transformers

from modaxfer.config import EncoderOptions
from modaxfer.contracts import Hidden
from modaxfer.encoders.adapter_merge import merge_adapter
from modaxfer.encoders.adapters import attach_adapter, rehearse_adapter
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import load_encoder, outline
from modaxfer.encoders.saving import save_encoder
from modaxfer.errors import CheckpointUnavailableError, OutputExistsError, RefusedError
from modaxfer.plan import AdapterSpec
from modaxfer.testing.material import tiny_models
from modaxfer.testing.material.raw_inputs import raws

AUTO = ("t5", "resnet", "clip")
LIKE = ("roberta", "xlm-roberta", "camembert", "electra", "hubert", "wav2vec2-stable")
"""Which are written as another of `CONFIGS` is."""
MORE = ("distilbert", "bart", "deberta-v2", "swin", "wavlm", "wav2vec2-bert")


def load(folder, **changes):
    return load_encoder(resolve(str(folder)), options=EncoderOptions(), **changes)


def checkpoint(name, folder):
    tiny_models.save(name, folder)
    return tiny_models.kind_of(name)


def shifted(encoder):
    """Move every weight, so that what is read back cannot be the checkpoint's own."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(0.02 * torch.randn(parameter.shape, generator=generator))
    return encoder


@torch.no_grad()
def states(encoder, kind):
    processor = encoder.processor(kind)
    batch = processor.collate(processor(raws(kind)[:1]))
    return encoder.finish(encoder.run(encoder.embed(batch), 0, encoder.depth)).tokens


@pytest.mark.parametrize(
    "name",
    [
        *(name for name in (*tiny_models.CONFIGS, *AUTO) if name not in LIKE),
        *(pytest.param(each, marks=pytest.mark.slow) for each in (*LIKE, *MORE)),
    ],
)
def test_automodel_reads_the_folder_whole_and_so_do_we(tmp_path, name):
    kind = checkpoint(name, tmp_path / "base")
    encoder = shifted(load(tmp_path / "base"))
    encoder.save(tmp_path / "saved")
    _, report = transformers.AutoModel.from_pretrained(tmp_path / "saved", output_loading_info=True)
    assert {key for key, found in report.items() if found} == set()
    again = load(tmp_path / "saved")
    assert again.sha256 != encoder.sha256
    torch.testing.assert_close(states(again, kind), states(encoder, kind), rtol=0, atol=0)
    assert {path.name for path in (tmp_path / "saved").iterdir()} == {
        path.name for path in (tmp_path / "base").iterdir()
    }
    assert list(tmp_path.glob(".*")) == []


def test_transformers_own_model_gives_the_same_states(tmp_path):
    tiny_models.save("bert", tmp_path / "base")
    encoder = shifted(load(tmp_path / "base"))
    encoder.save(tmp_path / "saved")
    model = transformers.AutoModel.from_pretrained(tmp_path / "saved").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "saved")
    inputs = tokenizer(*raws("text")[0], return_tensors="pt")
    with torch.no_grad():
        torch.testing.assert_close(states(encoder, "text"), model(**inputs).last_hidden_state, rtol=0, atol=1e-5)


def test_what_an_encoder_does_not_use_is_its_checkpoints_own(tmp_path):
    base = tiny_models.save("whisper", tmp_path / "base")
    shifted(load(tmp_path / "base")).save(tmp_path / "saved")
    saved = transformers.AutoModel.from_pretrained(tmp_path / "saved").state_dict()
    for name, tensor in base.decoder.state_dict().items():
        assert torch.equal(saved[f"decoder.{name}"], tensor)


def test_noise_that_training_switches_off_stays_in_the_config(tmp_path):
    tiny_models.save("bert", tmp_path / "base", hidden_dropout_prob=0.25)
    load(tmp_path / "base", dropout=0.0).save(tmp_path / "saved")
    assert json.loads((tmp_path / "saved" / "config.json").read_text())["hidden_dropout_prob"] == 0.25


def test_random_weights_are_saved_whole(tmp_path):
    tiny_models.save("vit", tmp_path / "base")
    encoder = load(tmp_path / "base", pretrained=False, seed=4)
    encoder.save(tmp_path / "saved")
    torch.testing.assert_close(states(load(tmp_path / "saved"), "image"), states(encoder, "image"), rtol=0, atol=0)


METHODS = {
    "lora": {"rank": 2, "alpha": 4},
    "dora": {"rank": 2, "use_dora": True},
    "ia3": {},
    "oft": {"r": 0, "oft_block_size": 4},
    "boft": {"boft_block_size": 4},
    "loha": {"r": 2},
    "lokr": {"r": 2},
    "hra": {"r": 2},
    "ln_tuning": {},
    "fourierft": {"n_frequency": 8},
}
PLAINEST = ("lora", "dora", "ia3", "ln_tuning")
"""One that adds, one that has a length beside, one that scales and one that is a copy of a layer.

That all others can be merged is seen in ``test_adapters_train.py``."""


def adapted(folder, method):
    encoder = load(folder)
    spec = AdapterSpec(method="lora" if method == "dora" else method, options=METHODS[method])
    rehearse_adapter(outline(resolve(str(folder))), spec, merged=True)
    attach_adapter(encoder, spec)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in encoder.named_parameters():
            if name in encoder.adapter_parameters:
                parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))
    return encoder.eval()


@pytest.fixture(scope="module")
def plain(tiny):
    """The states of an encoder without an adapter."""
    return states(load(tiny("bert")), "text")


@pytest.mark.parametrize(
    "method",
    [pytest.param(method, marks=() if method in PLAINEST else pytest.mark.slow) for method in METHODS],
)
def test_an_adapter_is_merged_and_the_one_that_trains_keeps_its_own(tmp_path, method, tiny, plain):
    encoder = adapted(tiny("bert"), method)
    before = states(encoder, "text")
    assert not torch.allclose(before, plain, atol=1e-3)
    encoder.save(tmp_path / "saved")
    assert encoder.adapter_parameters
    torch.testing.assert_close(states(encoder, "text"), before, rtol=0, atol=0)
    again = load(tmp_path / "saved")
    torch.testing.assert_close(states(again, "text"), before, rtol=0, atol=2e-5)
    merge_adapter(encoder)
    assert encoder.state_dict().keys() == again.state_dict().keys()
    assert encoder.adapter_parameters == frozenset()


def test_an_adapter_that_peft_cannot_merge_is_refused_before_weights_are_read(tmp_path, monkeypatch):
    from peft.tuners.lora import Linear

    tiny_models.save("bert", tmp_path / "base")
    monkeypatch.setattr(Linear, "merge", lambda *_, **__: (_ for _ in ()).throw(RuntimeError("not this one")))
    with pytest.raises(RefusedError, match=r"the adapter cannot be merged into the layer \d\..*not this one.*full"):
        adapted(tmp_path / "base", "lora")


@pytest.mark.parametrize("name", ["table", "lstm"])
def test_a_design_is_read_back_by_us_and_is_pretrained_then(tmp_path, name):
    encoder = shifted(load(name, seed=5))
    encoder.save(tmp_path / "saved")
    resolved = resolve(str(tmp_path / "saved"))
    assert resolved.spec.pretrained
    assert (resolved.id, resolved.config) == (f"modaxfer/{name}", encoder.config)
    again = load(tmp_path / "saved", seed=6)
    assert again.sha256 is not None
    hidden = Hidden(torch.randn(2, 5, encoder.hidden_size), torch.ones(2, 5, dtype=torch.bool))
    both = [one.finish(one.run(one.embed_tokens(hidden), 0, one.depth)).tokens for one in (encoder.eval(), again)]
    torch.testing.assert_close(*both, rtol=0, atol=0)
    (tmp_path / "saved" / "model.safetensors").write_bytes(b"none")
    with pytest.raises(CheckpointUnavailableError, match=r"the weights in .*saved are damaged"):
        load(tmp_path / "saved")


def test_a_dropped_front_comes_from_the_checkpoint_or_is_missed(tmp_path):
    tiny_models.save("vit", tmp_path / "base")
    encoder = load(tmp_path / "base")
    before = states(encoder, "image")
    encoder.drop_front()
    encoder.save(tmp_path / "saved")
    torch.testing.assert_close(states(load(tmp_path / "saved"), "image"), before, rtol=0, atol=0)
    (tmp_path / "base" / "model.safetensors").unlink()
    with pytest.raises(RefusedError, match=r"gave up the part that raw input enters by, and its checkpoint is not"):
        encoder.save(tmp_path / "other")


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "mine.txt").write_text("mine")
    with pytest.raises(OutputExistsError, match=r"the folder for the encoder is not empty.*name a new one"):
        load("table").save(tmp_path / "saved")
    assert [path.name for path in tmp_path.rglob("*")] == ["saved", "mine.txt"]


def test_an_encoder_without_save_says_so(tmp_path):
    class Theirs:
        pass

    with pytest.raises(RefusedError, match=r"Theirs cannot be written as a folder.*save\(folder: Path\).*plugin"):
        save_encoder(Theirs(), tmp_path / "saved")


def test_a_model_of_its_own_code_is_not_copied(tmp_path):
    tiny_models.save("bert", tmp_path / "base")
    encoder = load(tmp_path / "base")
    encoder.config.__class__ = type("Own", (type(encoder.config),), {"__module__": "transformers_modules.theirs"})
    with pytest.raises(RefusedError, match=r"needs code of its own, which is not copied"):
        encoder.save(tmp_path / "saved")
