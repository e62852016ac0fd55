"""How large checkpoints are, and how long they take for a row: preparation and one pass, single precision."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from modaxfer.config import EncoderOptions
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import load_encoder
from modaxfer.errors import ModaxferError
from modaxfer.pretraining.named_sources import find_source
from modaxfer.pretraining.reading import FIELD, find_bridge, reading_of

__all__ = ["WATCHED", "watch"]

WATCHED: Mapping[str, tuple[str, ...]] = {
    "rt-polarity": ("embedded/bert-tiny", "offline/minilm", "embedded/vit-tiny", "offline/vit-focus"),
    "spoken-digits": ("embedded/wav2vec2-tiny", "offline/whisper-tiny-en"),
}
"""By task whose rows they are shown."""

ROWS, BATCH, ROUNDS = 128, 32, 3


def watch(runs: Path, watched: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Return task, checkpoint, parameters, bytes of weights and milliseconds a row of those that are there.

    What has been measured is kept below `runs`, by the hash of the weights.
    """
    found = []
    for task, names in watched.items():
        for name in names:
            try:
                found.append(_kept(runs, task, name))
            except ModaxferError as error:
                print(f"not watched: {name} on {task}: {error}")
    return found


def _kept(runs: Path, task: str, name: str) -> dict[str, Any]:
    resolved = resolve(name)
    encoder: Any = load_encoder(resolved, options=EncoderOptions())
    path = runs / "watched" / f"{name.replace('/', '-')}-{task}-{encoder.sha256[:12]}.json"
    if path.is_file():
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return kept
    source = find_source(task, None, None)
    bridge = find_bridge(resolved, source.kind, None)
    reading = reading_of(resolved, encoder, source.kind, bridge, {}, EncoderOptions(), source.root)
    rows = [{FIELD: value} for value in source.read(0)[:ROWS]]
    weights = sum(path.stat().st_size for path in resolved.folder.glob("*.safetensors"))
    made = {
        "task": task,
        "checkpoint": name,
        "bridge": bridge.id,
        "parameters": sum(each.numel() for each in encoder.parameters()),
        "bytes": weights,
        "ms": statistics.median(_once(encoder, reading, rows) for _ in range(ROUNDS)),
        "threads": torch.get_num_threads(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(made), encoding="utf-8")
    return made


@torch.no_grad()
def _once(encoder: Any, reading: Any, rows: Sequence[Any]) -> float:
    """Return milliseconds a row."""
    start = time.perf_counter()
    for place in range(0, len(rows), BATCH):
        hidden = encoder.embed(reading.batch(rows[place : place + BATCH]))
        encoder.finish(encoder.run(hidden, 0, encoder.depth))
    return 1000 * (time.perf_counter() - start) / len(rows)
