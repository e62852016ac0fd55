"""Long clips: segments, and what is made of their probabilities."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile

from modaxfer.errors import ConfigError, DataError
from modaxfer_sound.__main__ import main
from modaxfer_sound.segments import pooled, predict_long, segments

RATE = 100


class Loud:
    """Says how loud a segment is."""

    result = SimpleNamespace(data={"classes": ["quiet", "loud"]})

    def predict_proba(self, data, *, quiet=False):
        loud = np.array([np.abs(samples).mean() for samples, _ in data])
        return np.stack([1 - loud, loud], axis=1)


def test_segments_cover_a_clip_and_are_equally_long():
    clip = np.arange(250)
    found = segments(clip, RATE, 1.0)
    assert [start for start, _ in found] == [0, 1, 1.5]
    assert {len(part) for _, part in found} == {100}
    assert set(np.concatenate([part for _, part in found])) == set(clip)
    assert [start for start, _ in segments(clip, RATE, 1.0, 0.5)] == [0, 0.5, 1, 1.5]
    assert [start for start, _ in segments(np.arange(200), RATE, 1.0)] == [0, 1]
    ((start, part),) = segments(np.arange(30), RATE, 1.0)
    assert (start, len(part)) == (0, 30)
    with pytest.raises(ConfigError, match=r"without gaps.*Got: 1 s every 2 s"):
        segments(clip, RATE, 1.0, 2.0)


def test_pools_in_closed_form():
    scores = np.array([[0.9, 0.1], [0.2, 0.8]])
    np.testing.assert_allclose(pooled(scores), [0.55, 0.45])
    np.testing.assert_allclose(pooled(scores, "max"), np.array([0.9, 0.8]) / 1.7)
    roots = np.sqrt([0.9 * 0.2, 0.1 * 0.8])
    np.testing.assert_allclose(pooled(scores, "geometric"), roots / roots.sum())
    for how in ("mean", "max", "geometric"):
        np.testing.assert_allclose(pooled(scores[:1], how), scores[0])
    with pytest.raises(ConfigError, match=r"no such pool.*Got: median"):
        pooled(scores, "median")


def test_a_long_clip_is_heard_by_segments():
    clip = np.concatenate([np.zeros(300), np.full(100, 0.9)]).astype(np.float32)
    (mean,) = predict_long(Loud(), [(clip, RATE)], seconds=1.0)
    (most,) = predict_long(Loud(), [(clip, RATE)], seconds=1.0, pool="max")
    assert mean["prediction"] == "quiet"
    assert mean["scores"]["loud"] == pytest.approx(0.225)
    assert most["scores"]["loud"] == pytest.approx(0.9 / 1.9)
    assert [one["prediction"] for one in most["segments"]] == ["quiet"] * 3 + ["loud"]
    assert most["segments"][3]["start"] == 3.0
    short, long = predict_long(Loud(), [(clip[:50], RATE), (clip, RATE)], seconds=1.0)
    assert (len(short["segments"]), long) == (1, mean)
    with pytest.raises(DataError, match=r"a clip has no samples.*row 1"):
        predict_long(Loud(), [(clip[:0], RATE)], seconds=1.0)


def test_a_data_set_is_cut_into_rows(tmp_path, capsys):
    (tmp_path / "data" / "clips").mkdir(parents=True)
    lines = ["audio,label"]
    for number, seconds in enumerate((2.5, 0.6)):
        soundfile.write(tmp_path / "data" / "clips" / f"{number}.wav", np.full(round(800 * seconds), 0.25), 800)
        lines.append(f"clips/{number}.wav,{'ab'[number]}")
    (tmp_path / "data" / "train.csv").write_text("\n".join(lines), encoding="utf-8")
    assert main(["cut", str(tmp_path / "data"), str(tmp_path / "rows"), "--seconds", "1"]) == 0
    assert "train: 4 segments of 2 clips" in capsys.readouterr().out
    rows = pq.read_table(tmp_path / "rows" / "train.parquet").to_pylist()
    assert [(row["label"], row["clip"], row["start"]) for row in rows] == [
        *(("a", "1 clips/0.wav", start) for start in (0.0, 1.0, 1.5)),
        ("b", "2 clips/1.wav", 0.0),
    ]
    samples, rate = soundfile.read(io.BytesIO(rows[0]["audio"]["bytes"]))
    assert (rate, len(samples)) == (800, 800)
    np.testing.assert_allclose(samples, 0.25, atol=1e-4)
    assert main(["cut", str(tmp_path / "data"), str(tmp_path / "rows")]) == 2
    assert "the folder is not empty" in capsys.readouterr().err
    (tmp_path / "data" / "train.csv").write_text("audio,label\n../out.wav,a\nclips/0.wav,b\n", encoding="utf-8")
    assert main(["cut", str(tmp_path / "data"), str(tmp_path / "other")]) == 2
    assert "no sound inside the folder" in capsys.readouterr().err
