"""One paragraph per error, and it survives the way between processes."""

from __future__ import annotations

import pickle

import pytest

from modaxfer.errors import CheckpointUnavailableError, ConfigError, DataError, MissingPackageError, UnknownNameError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ConfigError("too large."), "too large."),
        (
            ConfigError("too large", got=9, allowed=(1, 2), fix="try 2."),
            "too large. Got: 9. Allowed: 1, 2. Fix: try 2.",
        ),
        (ConfigError("no such option", fix="did you mean seed?"), "no such option. Fix: did you mean seed?"),
        (ConfigError("no plan", got="None: was `return` forgotten?"), "no plan. Got: None: was `return` forgotten?"),
        (ConfigError("nothing given", got=""), "nothing given. Got: ."),
        (ConfigError("no run", fix="name one of a, b, ..."), "no run. Fix: name one of a, b, ..."),
        (
            DataError("empty cell", file="a.csv", row=3, column="age", got=None),
            "empty cell (file a.csv, row 3, column 'age').",
        ),
        (
            MissingPackageError("POT", "bridge.align=otdd", "pip install POT"),
            "bridge.align=otdd needs the package POT, which is not installed. Fix: run `pip install POT`.",
        ),
    ],
)
def test_what_is_wrong_what_was_given_what_is_allowed_what_to_do(error, text):
    assert str(error) == text


@pytest.mark.parametrize(
    "error",
    [
        UnknownNameError("task", "digit", ["digits", "diabetes"]),
        DataError("empty cell", file="a.csv", row=3),
        MissingPackageError("POT", "x", "y"),
        CheckpointUnavailableError("away", got="x/y"),
    ],
)
def test_an_error_of_another_process_arrives_as_it_was(error):
    arrived = pickle.loads(pickle.dumps(error))
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert vars(arrived) == vars(error)
