"""A seal breaks once, and what was under it is then the opener's alone."""

from __future__ import annotations

import numpy as np
import pytest

from modaxfer.contracts import Answers, Sealed, TaskData
from modaxfer.errors import RunFailedError


def test_answers_are_taken_out_once() -> None:
    sealed = Sealed(Answers(targets=np.array([1, 0, 2])))
    assert (len(sealed), repr(sealed)) == (3, "Sealed(3 rows)")
    assert sealed.unseal().targets.tolist() == [1, 0, 2]
    with pytest.raises(RunFailedError, match=r"targets of a sealed split are read twice in one run\. Got: Sealed\(3"):
        sealed.unseal()
    assert len(sealed) == 3
    assert not any(isinstance(value, np.ndarray | Answers) for value in vars(sealed).values())


def test_a_task_can_be_hidden_but_for_its_inputs() -> None:
    kept = {"source": "made up", "root": None, "fingerprint": "", "digests": {}, "classes": ("a", "b")}
    data = TaskData(
        splits={"train": range(2), "validation": range(3), "test": range(1)},
        targets={"train": np.array([0, 1]), "validation": np.array([1, -1, 0])},
        unseen={"validation": {1: ("c",)}},
        sealed={"test": Sealed(Answers(targets=np.array([0])))},
        **kept,
    )
    hidden = data.hidden()
    assert (hidden.targets, hidden.unseen, hidden.classes) == ({}, {}, ("a", "b"))
    assert hidden.rows == data.rows == {"train": 2, "validation": 3, "test": 1}
    assert hidden.sealed["validation"].unseal().unseen == {1: ("c",)}
    assert hidden.sealed["test"] is data.sealed["test"]
    with pytest.raises(AssertionError, match="the test split's answers are sealed"):
        TaskData(splits={}, targets={"test": np.array([0])}, **kept)
