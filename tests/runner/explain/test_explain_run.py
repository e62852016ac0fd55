"""Whole explanations of tiny runs: complete, checked, and with pages that fetch nothing."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec

import pytest

import modaxfer
from modaxfer.errors import ConfigError, DataError

pytestmark = pytest.mark.skipif(find_spec("captum") is None, reason="explanations need the extra explain")

WAYS = [
    ("bert", "text", "tokens"),
    ("vit", "image", "picture"),
    ("wav2vec2", "audio", "sound"),
    pytest.param("vit", "text", "patches", marks=pytest.mark.slow),
    pytest.param("whisper", "audio", "spectrum", marks=pytest.mark.slow),
]


@pytest.fixture(scope="module")
def explained(finished, tmp_path_factory):
    """Return a function from an encoder and a kind of rows to an explanation of its first validation row."""
    made = {}

    def of(encoder, kind):
        if (encoder, kind) not in made:
            folder = tmp_path_factory.mktemp("explained")
            run = modaxfer.load(finished(encoder, kind))
            made[encoder, kind] = run.explain(row=1, output=folder, quiet=True, neighbours=2)
        return made[encoder, kind]

    return of


@pytest.mark.parametrize(("encoder", "kind", "part"), WAYS)
def test_attributions_are_complete_and_checked_in_every_modality(explained, encoder, kind, part):
    found = explained(encoder, kind).found["rows"][0]
    assert found["method"] == "integrated gradients"
    complete = found["completeness"]
    assert complete["holds"]
    assert abs(complete["sum"] - complete["difference"]) <= 0.01 * abs(complete["difference"])
    (own,) = found["parts"]
    assert own["kind"] == part
    # Their units, special tokens left out, hold all of it.
    assert sum(own["attributions"]) == pytest.approx(complete["sum"], rel=1e-3)
    assert complete["answer"] == pytest.approx(found["answer"], rel=1e-4)
    assert -1 <= found["occlusion_rank_correlation"] <= 1
    assert len(found["randomised_rank_correlations"]) == 3
    assert all(abs(each) < 1 for each in found["randomised_rank_correlations"])
    assert [near["distance"] for near in found["neighbours"]] == sorted(
        near["distance"] for near in found["neighbours"]
    )
    assert {near["label"] for near in found["neighbours"]} <= {"positive", "negative", "light", "dark", "low", "high"}


@pytest.mark.parametrize("kind", ["text", "image"])
def test_random_weights_change_the_picture(explained, kind):
    found = explained("bert" if kind == "text" else "vit", kind).found["rows"][0]["randomised_rank_correlations"]
    assert abs(sum(found) / len(found)) < 0.6


def test_the_score_shown_is_that_of_predict_and_the_answer_its_log_odds(explained, finished, tmp_path):
    from math import log

    run = modaxfer.load(finished("bert", "text"))
    found = explained("bert", "text").found["rows"][0]
    (said,) = run.predict(found["inputs"], quiet=True)
    assert found["prediction"] == said["prediction"] == found["asked"]
    assert found["score"] == pytest.approx(said["scores"][found["asked"]], abs=1e-6)
    assert found["split"] == "validation"
    other = run.explain(
        {"text": "the court held that"},
        label="negative",
        check=False,
        quiet=True,
        output=tmp_path,
    )
    score = other.found["rows"][0]["score"]
    assert other.found["rows"][0]["asked"] == "negative"
    if 1e-4 < score < 1 - 1e-4:
        assert other.found["rows"][0]["answer"] == pytest.approx(log(score / (1 - score)), abs=1e-2)


@pytest.mark.parametrize(("encoder", "kind", "part"), WAYS)
def test_a_page_is_whole_and_asks_no_network(explained, encoder, kind, part):
    made = explained(encoder, kind)
    page = made.page.read_text(encoding="utf-8")
    assert json.loads(made.numbers.read_text(encoding="utf-8")) == made.found
    assert not re.search(r"""(src|href)=["'](?!data:)|url\(|@import|<script|https?://(?!www\.w3)""", page)
    assert ('<audio controls src="data:audio/wav' in page) == (kind == "audio")
    assert ('class="said"' in page) == (part == "tokens")
    assert page.count("<rect") >= (0 if part == "tokens" else 1)
    assert "Add up to" not in page
    assert "Random weights" in page
    assert "row 1 of validation" in repr(made)
    assert len(made.to_frame()) == len(made.found["rows"][0]["parts"][0]["attributions"])


def test_a_table_is_explained_by_its_fields(tiny, own_rows, tmp_path, shell):
    folder = tmp_path / "run"
    modaxfer.train(
        encoder=str(tiny("bert")),
        strategy="frozen",
        device="cpu",
        quiet=True,
        output=str(folder),
        **own_rows("text+table"),
    )
    status, said, _ = shell("explain", folder, "--repeats", "2")
    assert status == 0
    assert re.search(r"validation \w+ [\d.]+ on \d+ of \d+ rows; .*\nfield +importance +95 % interval", said)
    found = json.loads((folder / "explanation" / "explanation.json").read_text(encoding="utf-8"))
    assert {one["name"] for one in found["score"]["fields"]} == {"text0", "amount", "colour", "days"}
    made = modaxfer.load(folder).explain(row=2, check=False, quiet=True)
    assert set(made.found["rows"][0]["fields"]) == {"text0", "amount", "colour", "days"}
    # What lies there is part of the run, which may be replaced with it.
    from modaxfer.runner.claims.contents import foreign

    assert foreign(folder) == []


def test_what_cannot_be_explained_is_refused_with_a_reason(finished, shell, tmp_path):
    run = finished("bert", "text")
    for words, told in (
        ((), "there is nothing to explain: no row is named, and the model reads one field"),
        (("--row", "99"), "there is no such row in the validation split. Got: --row 99. Allowed: 1 to"),
        (("--row", "1", "--label", "positiv"), "--label names a class that the model does not know. Got: positiv"),
        (("nowhere.csv",), "there is no such file. Got: nowhere.csv"),
    ):
        status, _, said = shell("explain", run, *words)
        assert (status, told in " ".join(said.split())) == (2, True), said
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(DataError):
        modaxfer.load(run).explain(tmp_path / "photo.png", quiet=True)
    with pytest.raises(ConfigError, match="there is no such split"):
        modaxfer.load(run).explain(row=1, split="dev", quiet=True)
