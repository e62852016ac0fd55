"""The encoder of one run as the start of another: the same features, known by where they come from, honest about it."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

import modaxfer
from modaxfer.config import EncoderOptions
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import load_encoder
from modaxfer.errors import CheckpointUnavailableError, DataError, RefusedError
from modaxfer.result import Result
from modaxfer.runner.predict.evaluate import load_rows
from modaxfer.runner.predict.predictor import Predictor
from modaxfer.runner.training import loop

pytestmark = pytest.mark.recipe

QUICK = {"epochs": 1, "batch_size": 8, "precision": "fp32", "device": "cpu", "quiet": True}
FROZEN = {"epochs": None, "batch_size": None}


def train_into(folder, encoder, strategy="lora", **settings):
    encoder = [str(one) for one in encoder] if isinstance(encoder, list) else str(encoder)
    return modaxfer.train(encoder=encoder, strategy=strategy, output=str(folder), **{**QUICK, **settings})


@pytest.fixture
def train(tmp_path):
    return lambda name, *asked, **settings: train_into(tmp_path / name, *asked, **settings)


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """Train as `train` does, and give the same run to all that ask for it: none of them changes its folder."""
    made, root = {}, tmp_path_factory.mktemp("once")

    def train(name, *asked, **settings):
        key = repr((name, asked, sorted(settings.items())))
        if key not in made:
            made[key] = train_into(root / str(len(made)) / name, *asked, **settings)
        return made[key]

    return train


@pytest.fixture
def own(once, tiny, own_rows, tmp_path):
    """Return a copy of the first run that a test may change."""
    run = once("first", tiny("bert"), "lora", **own_rows("text"))
    return modaxfer.load(shutil.copytree(run.folder, tmp_path / "first"))


def encoder_of(run):
    return load_encoder(resolve(str(run)), options=EncoderOptions())


def vectors(encoder):
    """Return the states of one text by an encoder."""
    processor = encoder.processor("text")
    batch = processor.collate(processor([("good number 3",)]))
    with torch.no_grad():
        return encoder.finish(encoder.run(encoder.embed(batch), 0, encoder.depth)).tokens


@pytest.mark.parametrize("strategy", ["lora", pytest.param("full", marks=pytest.mark.slow), "frozen"])
def test_the_encoder_of_a_run_is_the_one_it_predicts_with(strategy, once, tiny, own_rows):
    first = once("first", tiny("bert"), strategy, **own_rows("text"), **(FROZEN if strategy == "frozen" else {}))
    predicting = Predictor(first.folder).model.encoder
    started = encoder_of(first.folder)
    torch.testing.assert_close(vectors(started), vectors(predicting), rtol=0, atol=1e-5)
    assert started.adapter_parameters == frozenset()
    base = resolve(str(tiny("bert")))
    same = started.sha256 == load_encoder(base, options=EncoderOptions()).sha256
    assert same == (strategy == "frozen")


def test_a_chain_of_runs_is_told_saved_loaded_and_resumed(train, once, tiny, own_rows):
    rows = own_rows("text")
    first = once("first", tiny("bert"), "lora", **rows)
    second = train("second", first.folder, "full", **rows)
    third = train("third", second.folder, "frozen", **rows, **FROZEN)
    told = third.result.encoder
    assert told["checkpoint"] == str(second.folder.resolve())
    assert [told["from"]["strategy"], told["from"]["from"]["strategy"]] == ["modaxfer/full", "modaxfer/lora"]
    assert told["from"]["sha256"] == second.result.encoder["sha256"]
    assert told["from"]["from"]["checkpoint"] == str(tiny("bert").resolve())
    assert "from" not in told["from"]["from"]
    scores = third.evaluate()["metrics"]
    assert scores == pytest.approx(third.result.metrics["test"], abs=1e-6)
    again = modaxfer.train(output=str(third.folder), resume=True, quiet=True)
    assert again.result.metrics == third.result.metrics


@pytest.mark.slow
def test_a_killed_run_from_a_run_resumes_to_the_same_result(train, once, tiny, own_rows, tmp_path, monkeypatch):
    rows = {**own_rows("text"), "epochs": 3}
    first = once("first", tiny("bert"), "lora", **own_rows("text"))
    whole = train("whole", first.folder, "lora", **rows).result
    judge, calls = loop._GradientPhase._judge, []

    def dying(phase, found):
        calls.append(phase)
        if len(calls) == 2:
            raise KeyboardInterrupt
        judge(phase, found)

    with monkeypatch.context() as patch:
        patch.setattr(loop._GradientPhase, "_judge", dying)
        with pytest.raises(KeyboardInterrupt):
            train("broken", first.folder, "lora", **rows)
    start = json.loads((tmp_path / "broken" / ".checkpoint" / "start.json").read_text())
    assert start["weights"][0]["sha256"] == whole.encoder["sha256"]
    resumed = modaxfer.train(output=str(tmp_path / "broken"), resume=True, quiet=True).result
    assert resumed.metrics == whole.metrics
    assert resumed.encoder == whole.encoder


def test_a_run_that_starts_from_itself_is_refused(own):
    path = own.folder / "model" / "model.json"
    values = json.loads(path.read_text())
    values["towers"][0]["encoder"]["checkpoint"] = str(own.folder)
    path.write_text(json.dumps(values))
    with pytest.raises(CheckpointUnavailableError, match=r"trained from itself"):
        resolve(str(own.folder))


def test_a_source_that_is_gone_or_changed_is_missed_but_by_what_is_whole(train, own, own_rows, tmp_path):
    rows = own_rows("text")
    bound = train("bound", own.folder, "lora", **rows)
    whole = train("whole", own.folder, "lora", standalone=True, **rows)
    expected = whole.predict(["good number 3"])
    shutil.move(own.folder, tmp_path / "elsewhere")
    assert modaxfer.load(whole.folder).predict(["good number 3"]) == expected
    train("after", whole.folder, "frozen", **rows, **FROZEN)
    with pytest.raises(CheckpointUnavailableError, match=r"first"):
        modaxfer.load(bound.folder).predict(["good number 3"])
    with pytest.raises(CheckpointUnavailableError, match=r"what the run .*bound was trained from.*--standalone"):
        train("never", bound.folder, "lora", **rows)


def test_another_file_in_the_source_is_noticed(train, own, own_rows):
    rows = own_rows("text")
    second = train("second", own.folder, "lora", **rows)
    path = own.folder / "model/towers/0/adapter.safetensors"
    save_file({name: tensor + 1 for name, tensor in load_file(path).items()}, path)
    with pytest.raises(DataError, match=r"damaged.*adapter.safetensors"):
        train("third", own.folder, "lora", **rows)
    values = json.loads((own.folder / "model/model.json").read_text())
    (own.folder / "model/model.json").write_text(json.dumps({**values, "files": {}}))
    with pytest.raises(CheckpointUnavailableError, match=r"is not the one that the run was trained from"):
        modaxfer.load(second.folder).predict(["good number 3"])


def test_what_is_no_completed_run_is_refused(train, once, tiny, own_rows, tmp_path):
    rows = own_rows("text")
    whole = once("first", tiny("bert"), "frozen", **rows, **FROZEN)
    first = modaxfer.load(shutil.copytree(whole.folder, tmp_path / "first"))
    with pytest.raises(CheckpointUnavailableError, match=r"the folder holds runs, and is none.*name one: .*first"):
        train("never", tmp_path, **rows)
    with pytest.raises(RefusedError, match=r"has no such encoder.*first#1.*first#0 \(modaxfer/bert\)"):
        train("never", f"{first.folder}#1", **rows)
    with pytest.raises(RefusedError, match=r"did not train encoder vit.*modaxfer/bert"):
        train("never", "vit", checkpoint=str(first.folder), **rows)
    result = first.folder / "result.json"
    values = json.loads(result.read_text())
    result.write_text(json.dumps({**values, "status": "failed", "error": "no room"}))
    with pytest.raises(CheckpointUnavailableError, match=r"the run failed.*no room.*--resume --output .*first"):
        train("never", first.folder, **rows)
    result.unlink()
    with pytest.raises(CheckpointUnavailableError, match=r"the run is not finished.*--resume --output .*first"):
        train("never", first.folder, **rows)
    assert not (tmp_path / "never").exists()


def test_one_of_several_fused_encoders_is_named(train, once, tiny, own_rows):
    rows = own_rows("image+text")
    fused = once("fused", [tiny("vit"), tiny("bert")], "fusion", **rows, **FROZEN)
    with pytest.raises(RefusedError, match=r"the run has 2 encoders.*fused#0 \(modaxfer/vit\), .*fused#1 \(mod.*bert"):
        train("never", fused.folder, **own_rows("text"))
    alone = train("alone", f"{fused.folder}#bert", "frozen", **own_rows("text"), **FROZEN)
    assert alone.result.encoder["checkpoint"] == f"{fused.folder.resolve()}#1"
    assert alone.evaluate()["metrics"] == pytest.approx(alone.result.metrics["test"], abs=1e-6)
    both = train("both", [f"{fused.folder}#0", tiny("bert")], "fusion", **rows, **FROZEN)
    parts = both.result.encoder["parts"]
    assert [part.get("from", {}).get("task") for part in parts] == [fused.result.task, None]


@pytest.mark.slow
def test_the_encoder_that_tasks_share_goes_on(train, tiny):
    tasks = {"task": ["reviews/sst2", "modaxfer/breast-cancer"], "limit": 24}
    shared = train("shared", tiny("vit"), "multitask", **tasks, set={"strategy.alone": False})
    alone = train("alone", shared.folder, "frozen", task="reviews/sst2", limit=24, **FROZEN)
    assert set(alone.result.encoder["from"]["fingerprints"]) == {"reviews/sst2", "modaxfer/breast-cancer"}
    model = Predictor(next((shared.folder / "tasks").iterdir())).model.encoder
    for name, tensor in encoder_of(shared.folder).state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], tensor, rtol=0, atol=0)
    multi = train("multi", shared.folder, "multitask", **tasks, set={"strategy.alone": False})
    assert multi.result.encoder["from"]["strategy"] == "modaxfer/multitask"


def test_a_design_that_was_trained_is_pretrained(train, own_rows):
    first = train("first", "lstm", "full", **own_rows("text"))
    second = train("second", first.folder, "frozen", **own_rows("text"))
    assert second.result.encoder["sha256"] is not None
    assert not any("random" in warning for warning in second.result.warnings)
    started = encoder_of(first.folder).state_dict()
    for name, tensor in Predictor(first.folder).model.encoder.state_dict().items():
        assert torch.equal(started[name], tensor)
    assert Result.load(second.folder).encoder["from"]["sha256"] is None


def test_an_encoder_that_gave_up_its_front_gets_it_from_its_checkpoint(train, once, tiny, own_rows):
    first = train("first", tiny("vit"), "full", **own_rows("text"), bridge="embed")
    second = train("second", first.folder, "frozen", **own_rows("image"), **FROZEN)
    assert second.result.bridge == "modaxfer/native-image"
    assert np.isfinite(second.result.metrics["test"][second.result.primary])
    blind = once("blind", tiny("vit"), "full", **own_rows("text"), bridge="embed", weights="random")
    third = train("third", blind.folder, "full", **own_rows("image"))
    assert third.result.bridge == "modaxfer/embed"


def test_a_runs_encoder_is_written_as_a_folder(once, tiny, own_rows, tmp_path):
    first = once("first", tiny("bert"), "lora", **own_rows("text"))
    assert first.save_encoder(tmp_path / "encoder") == tmp_path / "encoder"
    _, report = transformers.AutoModel.from_pretrained(tmp_path / "encoder", output_loading_info=True)
    assert not any(report.values())
    torch.testing.assert_close(
        vectors(encoder_of(tmp_path / "encoder")), vectors(encoder_of(first.folder)), rtol=0, atol=0
    )
    blind = once("blind", tiny("vit"), "full", **own_rows("text"), bridge="embed", weights="random")
    with pytest.raises(RefusedError, match=r"gave up the part that raw input enters by"):
        blind.save_encoder(tmp_path / "never")
    fused = once("fused", [tiny("vit"), tiny("bert")], "fusion", **own_rows("image+text"), **FROZEN)
    with pytest.raises(RefusedError, match=r"the run has 2 encoders"):
        fused.save_encoder(tmp_path / "never")
    assert (fused.save_encoder(tmp_path / "second", encoder="bert") / "tokenizer.json").is_file()


def said(run, word):
    return [warning for warning in run.result.warnings if word in warning]


def test_rows_that_the_encoder_was_trained_on_are_counted(train, once, tiny, own_rows):
    rows = own_rows("text")
    first = once("first", tiny("bert"), "lora", **rows)
    again = train("again", first.folder, "frozen", **rows, **FROZEN)
    assert said(again, "was trained on the training rows of own/") == [
        f"the encoder of {first.folder} was trained on the training rows of {first.result.task} before; the splits are"
        " the same"
    ]
    # Another seed draws other splits; what the first run trained on is tested on now, two runs later too.
    other = train("other", again.folder, "frozen", **rows, **FROZEN, seed=5)
    (counted,) = said(other, " test rows of ")
    known = set(load_rows(first.folder, partial=False)[1].digests["train"])
    asked = load_rows(other.folder, partial=False)[1].digests["test"]
    assert counted.startswith(f"{sum(digest in known for digest in asked)} of {len(asked)} test rows of ")
    assert counted.endswith(f"that the encoder of {again.folder} was trained on")
    assert said(other, " validation rows of ")[0].count("by which epochs and settings are chosen") == 1


def test_a_frozen_run_adds_no_rows_and_an_older_one_keeps_no_record(train, once, tiny, own_rows):
    rows = own_rows("text")
    frozen = once("first", tiny("bert"), "frozen", **rows, **FROZEN)
    second = train("second", frozen.folder, "lora", **rows, seed=5)
    assert said(second, "the encoder of") == []
    (second.folder / "model" / "seen.safetensors").unlink()
    path = second.folder / "model" / "model.json"
    values = json.loads(path.read_text())
    del values["files"]["seen.safetensors"]
    for name in ("front", "pooling"):
        del values["towers"][0]["encoder"][name]
    path.write_text(json.dumps(values))
    third = train("third", second.folder, "lora", **rows)
    (unknown,) = said(third, "no record of the rows was kept")
    assert "is not known" in unknown
    fourth = train("fourth", third.folder, "frozen", **rows, **FROZEN, seed=6)
    assert said(fourth, "no record of the rows was kept") == [unknown.replace(str(second.folder), str(third.folder))]


def test_random_weights_have_no_past(train, once, tiny, own_rows):
    rows = own_rows("text")
    first = once("first", tiny("bert"), "lora", **rows)
    second = train("second", first.folder, "full", **rows, weights="random")
    assert second.result.encoder["sha256"] is None
    assert "from" not in second.result.encoder
    assert said(second, "the encoder of") == []


@pytest.mark.slow
def test_layers_that_the_run_before_did_not_read_are_told_of(train, tiny, own_rows):
    rows = own_rows("text")
    first = train("first", tiny("bert"), "lora", **rows, set={"encoder.layer": 2})
    second = train("second", first.folder, "lora", **rows)
    assert len(said(second, "read layer 2 of 3")) == 1
    third = train("third", first.folder, "lora", **rows, set={"encoder.layer": 2})
    assert said(third, "read layer 2 of 3") == []
