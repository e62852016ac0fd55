"""Records of the rows that an encoder has been trained on."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import save_file

from modaxfer.errors import DataError
from modaxfer.runner.evaluation.known_rows import known_rows
from modaxfer.runner.model.seen import FILE, SeenRows, packed, seen_before


def digests(text):
    return [letter.encode() * 16 for letter in text]


def encoder(folder, fingerprints=None, *, moved=True, **trained):
    trained = {"fingerprints": fingerprints or {}, **trained}
    stored = SimpleNamespace(own_files=lambda: ["encoder.safetensors"] if moved else [])
    return SimpleNamespace(model=folder, trained=trained, stored=stored, checkpoint="runs/a")


def resolved(name, fingerprint, *encoders, seeds=1, **splits):
    data = SimpleNamespace(fingerprint=fingerprint, digests={key: digests(text) for key, text in splits.items()})
    config = SimpleNamespace(weights="pretrained", seeds=seeds, folds=None)
    return SimpleNamespace(
        task_id=name,
        source=None,
        teacher=None,
        merged=[],
        data=data,
        config=config,
        towers=[SimpleNamespace(encoder=one) for one in encoders],
    )


def test_what_is_written_is_what_is_read(tmp_path):
    seen = [
        SeenRows.of("own/a", "f" * 64, digests("abca")),
        SeenRows.of("own/a", "e" * 64, digests("")),
        SeenRows.of("x/b", "f" * 64, None),
    ]
    save_file({name: np.array(rows) for name, rows in packed(seen).items()}, tmp_path / FILE)
    assert sorted(seen_before(encoder(tmp_path)), key=lambda one: one.key) == sorted(seen, key=lambda one: one.key)
    assert len(seen[0].digests) == 3
    (tmp_path / FILE).write_bytes(b"none")
    with pytest.raises(DataError, match=r"a file of the run is damaged.*seen.safetensors"):
        seen_before(encoder(tmp_path))


def test_a_run_without_a_record_is_known_by_its_tasks_unless_nothing_moved(tmp_path):
    assert seen_before(encoder(tmp_path, {"own/a": "f" * 64})) == [SeenRows.of("own/a", "f" * 64, None)]
    assert seen_before(encoder(tmp_path, {"own/a": "f" * 64}, moved=False)) == []
    assert len(seen_before(encoder(tmp_path, {"own/a": "f" * 64}, moved=False, **{"from": {}}))) == 1


def test_test_and_validation_rows_are_counted_and_the_same_splits_are_said(tmp_path):
    save_file({name: np.array(rows) for name, rows in packed([SeenRows.of("own/a", "f" * 64, digests("abc"))]).items()},
              tmp_path / FILE)  # fmt: skip
    one = encoder(tmp_path)
    assert known_rows([resolved("own/b", "e" * 64, one, train="q", validation="ax", test="bcxy")]) == [
        "2 of 4 test rows of own/b have the same inputs as a row of own/a that the encoder of runs/a was trained on",
        "1 of 2 validation rows of own/b, by which epochs and settings are chosen, have the same inputs as a row of"
        " own/a that the encoder of runs/a was trained on",
    ]
    assert known_rows([resolved("own/b", "e" * 64, one, train="abc", validation="x", test="y")]) == []
    assert known_rows([resolved("own/a", "f" * 64, one, train="abc", validation="x", test="y")]) == [
        "the encoder of runs/a was trained on the training rows of own/a before; the splits are the same"
    ]
    (several,) = known_rows([resolved("own/a", "f" * 64, one, seeds=3, train="abc", validation="x", test="y")])
    assert "the same, but not those of other seeds or folds: each of these says in its own result" in several
