"""What a run shows of itself in a notebook: epochs as a frame, figures in the place of their paths."""

from __future__ import annotations

import base64
import json

from modaxfer.reports.frames import HISTORY, history_frame
from modaxfer.reports.gallery import Gallery

LINES = (
    {"phase": "main", "step": 1, "epoch": 0.5, "learning_rate": 0.1, "loss": 2.0},
    {"phase": "main", "step": 2, "epoch": 1.0, "learning_rate": 0.2, "loss": 1.5},
    {"phase": "main", "step": 2, "epoch": 1.0, "validation": {"accuracy": 0.5}, "score": 0.5},
    {"phase": "main", "step": 4, "epoch": 2.0, "validation": {"accuracy": 0.6}, "score": 0.6},
    {"phase": "main", "step": 4, "epoch": 2.0, "validation": {"accuracy": 0.7}, "score": 0.7},
)


def test_an_epoch_is_a_row_and_a_resumed_one_counts_once(tmp_path):
    text = "".join(f"{json.dumps(line)}\n" for line in LINES) + '{"torn'
    (tmp_path / "log.jsonl").write_text(text, encoding="utf-8")
    frame = history_frame(tmp_path)
    assert list(frame.columns) == [*HISTORY, "validation_accuracy"]
    assert frame["epoch"].tolist() == [1.0, 2.0]
    assert frame["loss"].tolist() == [1.5, 1.5]
    assert frame["validation_accuracy"].tolist() == [0.5, 0.7]


def test_without_epochs_there_is_no_row(tmp_path):
    assert history_frame(tmp_path).empty
    assert tuple(history_frame(tmp_path).columns) == HISTORY


def test_figures_are_shown_and_are_their_paths(tmp_path):
    path = tmp_path / "scores.png"
    path.write_bytes(b"PNG")
    shown = Gallery([path])
    assert shown == [path]
    assert f'src="data:image/png;base64,{base64.b64encode(b"PNG").decode()}" alt="scores"' in shown._repr_html_()
    assert Gallery()._repr_html_() == "<p>no figures</p>"
