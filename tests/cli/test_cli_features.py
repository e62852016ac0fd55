"""features, as a user types it."""

from __future__ import annotations

import json

import pandas as pd
import pytest


def test_a_file_of_features(shell, tiny, tmp_path):
    rows, output = tmp_path / "rows.csv", tmp_path / "f.parquet"
    pd.DataFrame({"row_id": ["007", "008"], "text": ["right held", "wrong court"]}).to_csv(rows, index=False)
    line = ("features", "--encoder", tiny("bert"), "--data", rows, "--text", "text", "--output", output)
    status, printed, _ = shell(*line)
    frame = pd.read_parquet(output)
    assert (status, frame["row_id"].tolist()) == (0, ["007", "008"])
    assert printed == f"2 rows x {frame.shape[1] - 1} features  {output}\n"
    status, printed, _ = shell(*line[:-1], tmp_path / "f.npy", "--json")
    assert json.loads(printed)["files"] == [str(tmp_path / "f.npy"), str(tmp_path / "f.rows.csv")]


def test_a_folder_of_features(shell, tiny, tmp_path):
    rows, output = tmp_path / "rows.csv", tmp_path / "vectors"
    rows.write_text("text,label\nright held,0\nwrong court,1\n")
    line = ("features", "--encoder", tiny("bert"), "--data", rows, "--text", "text", "--stream", "--output", output)
    status, printed, said = shell(*line, "--json")
    assert status == 0
    assert json.loads(printed) == {"rows": 2, "features": 32, "files": [str(output)]}
    assert "train-00000.parquet: 2 rows, 2 of train so far" in said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "--output missing"),
        (("--output", "f.npy"), "features are of one encoder. Got: none"),
        (("--output", "f.npy", "--encoder", "bert"), "Got: no rows"),
        (("--output", "f.npy", "--encoder", "bert", "--epochs", "3"), "no option --epochs"),
    ],
)
def test_what_is_missing_is_said(arguments, told, shell, no_weights):
    status, printed, said = shell("features", *arguments)
    assert (status, printed) == (2, "")
    assert told in said
