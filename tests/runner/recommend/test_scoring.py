"""Which candidates are judged: all that there is time for, and one whatever it takes."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from modaxfer.contracts import Judged
from modaxfer.reports.recommend.words import changes
from modaxfer.runner.recommend import scoring
from modaxfer.runner.recommend.prior import Prior
from modaxfer.runner.recommend.scoring import Scoring
from modaxfer.runner.recommend.stored import Store

PRIOR = Prior(rank=1.0, native=True, log_parameters=7.0, recorded=None)
ROWS = 100


def candidate(name, *, pretrained=True, scored=True):
    encoder = SimpleNamespace(id=name, spec=SimpleNamespace(pretrained=pretrained))
    cell = SimpleNamespace(data=SimpleNamespace(rows={"train": ROWS}, classes=("no", "yes")))
    return SimpleNamespace(
        name=name, encoder=encoder, bridge="modaxfer/embed", native=True, log_parameters=7.0, scored=scored,
        cells={"frozen": cell},
    )  # fmt: skip


@pytest.fixture
def judged(monkeypatch, tmp_path):
    """Judge candidates of which each row takes a second, within so many seconds; also what was said."""

    def made(candidates, seconds, *, cached=()):
        said, opened = [], []
        bench = SimpleNamespace(
            open=lambda resolved: opened.append(resolved), progress=SimpleNamespace(say=said.append)
        )
        for name in ("looked_at", "training_alone"):
            monkeypatch.setattr(scoring, name, lambda resolved: resolved)
        monkeypatch.setattr(scoring, "layer_features", lambda *_: None)
        monkeypatch.setattr(scoring, "encoded_rows", lambda *_: None)
        monkeypatch.setattr(scoring, "seconds_per_row", lambda _: 1.0)
        monkeypatch.setattr(scoring, "layers_are_kept", lambda *_: len(opened) in cached)
        monkeypatch.setattr(scoring, "judge", lambda *_: ({"k-nn": Judged(value=0.5, layers=())}, {}))
        run = Scoring(bench=bench, store=Store(tmp_path), names=("k-nn",), until=time.monotonic() + seconds)
        return run.run(candidates, {each.name: PRIOR for each in candidates}), said

    return made


def test_a_candidate_that_would_take_longer_than_there_is_time_is_left_out_and_said(judged):
    found, said = judged([candidate("first"), candidate("slow"), candidate("encoded")], ROWS / 2, cached=(3,))
    assert {name: bool(each["scores"]) for name, each in found.items()} == {
        "first": True, "slow": False, "encoded": True,
    }  # fmt: skip
    assert said[1] == "[2/3] slow: left out for time: encoding its rows takes about 100 s"
    known = {"candidates": found, "plan": {"interval": [None, None]}, "rows": {"train": ROWS}, "absent": ()}
    option = {"strategy": "frozen", "encoder": "first", "is_surest": True, "share": 1.0}
    told = changes({**known, "options": [option], "looked_at": {"train": ROWS}})
    assert told == ["encoders that were not judged for time: slow (encoding its rows takes about 1 min 40 s); "
                    "a larger --budget does"]  # fmt: skip


def test_with_time_all_are_judged(judged):
    found, _ = judged([candidate("first"), candidate("second")], 2 * ROWS)
    assert all(each["scores"] for each in found.values())


def test_why_there_is_nothing_to_judge_is_said(judged):
    _, said = judged([candidate("fresh", pretrained=False, scored=False), candidate("fed", scored=False)], 0.0)
    assert said == [
        "[1/2] fresh: not judged: its weights are random",
        "[2/2] fed: not judged: embed, which feeds it, is trained with it",
    ]
