"""The rule that picks a checkpoint, and every way in which it can fail."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace

import fake_hub
import pytest

from modaxfer.config import EncoderOptions
from modaxfer.encoders import checkpoints, choice
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import load_encoder
from modaxfer.errors import (
    CheckpointUnavailableError,
    ConfigError,
    MissingPackageError,
    RefusedError,
    UnknownNameError,
)
from modaxfer.registry import BUILTIN, Entry, registry
from modaxfer.spec import CheckpointSpec, Rates
from modaxfer.testing.material import tiny_models

ABSENT = "no-such-distribution-of-modaxfer"
INSTALLED = "pytest"


def package(name, *, distribution, encoder="bert", size="mini", trained_on=(), stand_in=False):
    return CheckpointSpec(
        name=name,
        encoder=encoder,
        size=size,
        target="checkpoint_target:folder",
        distribution=distribution,
        install=f"pip install {distribution}",
        trained_on=trained_on,
        stand_in=stand_in,
    )


@pytest.fixture
def world(monkeypatch, tmp_path):
    """Registered checkpoints, hub cache and shipped folder of the test's own; no network."""
    from huggingface_hub import constants

    shipped, cache = tmp_path / "shipped", tmp_path / "hub"
    tiny_models.save("bert", shipped)
    specs = []
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    real = registry()

    class Registry:
        plugins = real.plugins

        def all(self, kind):
            return (
                tuple(Entry(kind=kind, plugin="test", spec=spec) for spec in specs)
                if kind == "checkpoint"
                else real.all(kind)
            )

        def get(self, kind, name):
            return real.get(kind, name)

    monkeypatch.setattr(choice, "registry", lambda: Registry())
    monkeypatch.setattr(checkpoints, "registry", lambda: Registry())
    calls = choice.call_target
    monkeypatch.setattr(
        choice,
        "call_target",
        lambda target, **named: shipped if target == "checkpoint_target:folder" else calls(target, **named),
    )

    def cached(repository, name="bert"):
        root = cache / f"models--{repository.replace('/', '--')}"
        tiny_models.save(name, root / "snapshots" / fake_hub.COMMIT)
        (root / "refs").mkdir()
        (root / "refs" / "main").write_text(fake_hub.COMMIT)

    return SimpleNamespace(specs=specs, cached=cached, shipped=shipped)


def test_an_installed_package_comes_before_a_cached_hub_id(world):
    world.cached("org/base")
    world.specs += [
        CheckpointSpec(name="base", encoder="bert", size="base", hub_id="org/base"),
        package("absent", distribution=ABSENT),
        package("mini", distribution=INSTALLED),
    ]
    found = resolve("bert")
    assert (found.id, found.checkpoint) == (f"{BUILTIN}/bert", "test/mini")
    assert found.revision == f"pytest=={pytest.__version__}"
    assert found.location == str(world.shipped)


def test_of_several_packages_the_first_that_was_trained_on_what_is_shown_is_taken_and_says_why(world):
    world.specs += [
        package("sees", distribution=INSTALLED, trained_on=("image",)),
        package("reads", distribution=INSTALLED, trained_on=("image", "rendered text")),
    ]
    assert (resolve("bert").checkpoint, resolve("bert").why) == ("test/sees", "")
    found = resolve("bert", seen=("rendered text",))
    assert (found.checkpoint, found.why) == ("test/reads", "trained on rendered text, unlike test/sees")
    found = resolve("bert", seen=("image",))
    assert (found.checkpoint, found.why) == ("test/sees", "trained on image")
    found = resolve("bert", seen=("audio as image",))
    assert (found.checkpoint, found.why) == ("test/sees", "trained on image, never on audio as image")
    assert resolve("bert", checkpoint="test/sees", seen=("rendered text",)).why == ""


def test_a_stand_in_comes_last_unless_it_alone_was_trained_on_what_is_shown(world):
    small = package("small", distribution=INSTALLED, trained_on=("rendered text",), stand_in=True)
    world.specs += [small]
    found = resolve("bert", seen=("image",))
    assert found.checkpoint == "test/small"
    assert (
        found.why
        == "trained on rendered text, never on image; small, and taken since nothing better is on this machine"
    )
    world.cached("org/base")
    world.specs += [CheckpointSpec(name="base", encoder="bert", size="base", hub_id="org/base")]
    assert resolve("bert").checkpoint == "org/base"
    found = resolve("bert", seen=("rendered text",))
    assert (found.checkpoint, found.why) == ("test/small", "trained on rendered text, unlike test/base")
    world.specs += [package("mini", distribution=INSTALLED, trained_on=("text", "rendered text"))]
    found = resolve("bert", seen=("rendered text",))
    assert (found.checkpoint, found.why) == ("test/mini", "trained on rendered text, unlike test/base")


def test_a_checkpoint_may_ask_for_learning_rates_of_its_own(world):
    usual = registry().get("encoder", "bert").spec.rates
    quick = Rates(full=7e-4, adapter=7e-3)
    world.cached("org/quick")
    world.specs += [
        CheckpointSpec(name="quick", encoder="bert", size="quick", hub_id="org/quick", rates=quick),
        package("plain", distribution=INSTALLED),
    ]
    assert resolve("plain").spec.rates == usual
    assert {resolve(name).spec.rates for name in ("bert:quick", "quick", "org/quick")} == {quick}


def test_a_stand_in_spares_the_way_to_the_hub(world):
    world.specs += [
        CheckpointSpec(name="base", encoder="bert", size="base", hub_id="org/base"),
        package("small", distribution=INSTALLED, stand_in=True),
    ]
    assert resolve("bert").checkpoint == "test/small"


def test_a_cached_hub_id_comes_before_one_that_is_not(world):
    world.cached("org/large")
    world.specs += [
        CheckpointSpec(name="base", encoder="bert", size="base", hub_id="org/base"),
        CheckpointSpec(name="large", encoder="bert", size="large", hub_id="org/large"),
        package("absent", distribution=ABSENT),
    ]
    found = resolve("bert")
    assert (found.checkpoint, found.revision, found.location) == ("org/large", fake_hub.COMMIT, "hub:org/large")


def test_a_size_restricts_the_choice_and_is_not_replaced_by_another(world):
    world.cached("org/large")
    world.specs += [
        CheckpointSpec(name="base", encoder="bert", size="base", hub_id="org/base"),
        CheckpointSpec(name="large", encoder="bert", size="large", hub_id="org/large"),
    ]
    assert resolve("bert:large").checkpoint == "org/large"
    with pytest.raises(
        CheckpointUnavailableError, match=r"org/base is not on this machine.*--encoder org/large \(cached\)"
    ):
        resolve("bert:base")
    with pytest.raises(
        ConfigError, match=r"encoder bert has no size 'larg'.*bert:base, bert:large.*did you mean bert:large"
    ):
        resolve("bert:larg")


def test_a_cached_config_without_weights_does_not_count(world):
    world.cached("org/base")
    world.specs += [CheckpointSpec(name="base", encoder="bert", size="base", hub_id="org/base")]
    (weights,) = world.shipped.parent.glob("hub/*/snapshots/*/model.safetensors")
    weights.unlink()
    with pytest.raises(CheckpointUnavailableError, match="org/base is not on this machine"):
        resolve("bert")


def test_offline_says_what_is_here_and_what_can_be_installed(world):
    world.cached("org/cached")
    world.specs += [
        CheckpointSpec(name="vit-base", encoder="vit", size="base", hub_id="org/vit"),
        package("vit-package", distribution=ABSENT, encoder="vit"),
        package("mini", distribution=INSTALLED),
    ]
    start = time.monotonic()
    with pytest.raises(CheckpointUnavailableError) as caught:
        resolve("vit")
    assert time.monotonic() - start < 5
    text = str(caught.value)
    assert "org/vit is not on this machine, and the Hugging Face hub cannot be reached (HF_HUB_OFFLINE is set)" in text
    assert "--encoder org/cached (cached)" in text
    assert f"run `pip install {ABSENT}`, or name a local folder" in text
    with pytest.raises(CheckpointUnavailableError, match=r"Allowed: --encoder bert --checkpoint test/mini"):
        resolve("someone/else")


def test_a_checkpoint_can_be_named_and_must_fit_its_encoder(world):
    world.specs += [package("mini", distribution=INSTALLED), package("absent", distribution=ABSENT)]
    assert resolve("mini").checkpoint == resolve("bert", checkpoint="test/mini").checkpoint == "test/mini"
    with pytest.raises(RefusedError, match=r"checkpoint test/mini does not fit encoder vit.*pass --encoder bert"):
        resolve("vit", checkpoint="mini")
    with pytest.raises(MissingPackageError, match=rf"checkpoint test/absent needs.*run `pip install {ABSENT}`"):
        resolve("bert", checkpoint="absent")
    with pytest.raises(RefusedError, match=r"does not fit encoder vit.*a model of type bert.*vit, dinov2"):
        resolve("vit", checkpoint=str(world.shipped))


def test_the_revision_that_a_run_stored_finds_the_same_checkpoint_or_none(world):
    world.cached("org/base")
    world.specs += [package("mini", distribution=INSTALLED)]
    for first in (resolve("bert"), resolve("org/base")):
        again = resolve("bert", checkpoint=first.checkpoint, revision=first.revision)
        assert (again.checkpoint, again.revision, again.folder) == (first.checkpoint, first.revision, first.folder)
    with pytest.raises(CheckpointUnavailableError, match=r"not here in this revision\. Got: main\. Allowed: pytest=="):
        resolve("bert", revision="main")
    with pytest.raises(CheckpointUnavailableError, match="org/base is not on this machine"):
        resolve("org/base", revision="v2")


def test_random_weights_need_the_files_beside_the_weights_only(world):
    world.cached("org/base")
    for name in (str(world.shipped), "org/base"):
        resolved = resolve(name)
        (resolved.folder / "model.safetensors").unlink()
        encoder = load_encoder(resolved, options=EncoderOptions(), pretrained=False, seed=1)
        assert encoder.sha256 is None
        assert len(encoder.processor("text")([("the court held",)])[0]["input_ids"]) == 5
        with pytest.raises(CheckpointUnavailableError, match=r"holds no weights|could not fetch org/base"):
            load_encoder(resolved, options=EncoderOptions(), pretrained=True)


def test_a_folder_has_no_revisions(world):
    with pytest.raises(ConfigError, match=r"a folder has no revisions\. Got: main"):
        resolve(str(world.shipped), revision="main")


def test_unknown_names_get_close_matches(world):
    with pytest.raises(UnknownNameError, match=r"unknown encoder\. Got: bret\..*did you mean bert"):
        resolve("bret")
    with pytest.raises(UnknownNameError, match=r"did you mean vit"):
        resolve("modaxfer/vitt")
    with pytest.raises(UnknownNameError, match=r"did you mean whisper"):
        resolve("whispr", checkpoint="org/x")


def test_folders_are_checked_before_anything_is_read(tmp_path):
    with pytest.raises(CheckpointUnavailableError, match=r"no such folder.*organisation/name"):
        resolve("./nowhere")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(CheckpointUnavailableError, match=r"holds no weights.*Fix: name a folder that"):
        resolve(str(tmp_path))
    (tmp_path / "encoder").mkdir()
    with pytest.raises(CheckpointUnavailableError, match=r"holds no weights.*Fix: did you mean .*/encoder\?"):
        resolve(str(tmp_path))
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(
        CheckpointUnavailableError, match=r"not in safetensors format, and pickles are never opened.*bin"
    ):
        resolve(str(tmp_path))
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(RefusedError, match="Transformers does not know the architecture"):
        resolve(str(tmp_path))
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(CheckpointUnavailableError, match="is not valid JSON"):
        resolve(str(tmp_path))
    (tmp_path / "config.json").unlink()
    with pytest.raises(CheckpointUnavailableError, match=r"has no config\.json"):
        resolve(str(tmp_path))


def test_code_beside_the_weights_is_not_run_unasked(tmp_path):
    tiny_models.save("bert", tmp_path)
    values = {"model_type": "own", "auto_map": {"AutoConfig": "own.Own", "AutoModel": "own.Model"}}
    (tmp_path / "config.json").write_text(json.dumps(values))
    (tmp_path / "own.py").write_text("raise SystemExit('code was run')")
    with pytest.raises(RefusedError, match=r"needs a config of its own code.*--trust-remote-code"):
        resolve(str(tmp_path))


def test_the_way_its_authors_pooled_is_read_from_beside_the_weights(tmp_path):
    tiny_models.save("bert", tmp_path)
    assert resolve(str(tmp_path)).pooling == "mean"
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    assert resolve(str(tmp_path)).pooling == "cls"
