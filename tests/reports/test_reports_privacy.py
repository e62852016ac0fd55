"""What reports say of a private run."""

from __future__ import annotations

from modaxfer.reports.privacy import privacy_facts
from modaxfer.result import Result

AUDIT = {
    "auc": 0.51, "auc_interval": [0.47, 0.55], "tpr": 0.012, "tpr_interval": [0.0, 0.03], "members": 900, "others": 300
}  # fmt: skip
PRIVACY = {
    "epsilon": {"tight": 2.9912, "classic": 3.8, "planned": {"tight": 2.9912, "classic": 3.8}, "asked": 3.0},
    "delta": 3.3e-5,
    "noise_multiplier": 1.31,
    "clip_norm": 1.0,
    "sampling_rate": 0.085,
    "steps": 60,
    "planned_steps": 72,
    "audit": AUDIT,
}


def facts(privacy):
    usual = {"encoder": {}, "bridge": "b", "strategy": "s", "task": "t"}
    return dict(privacy_facts(Result(status="completed", privacy=privacy, **usual)))


def test_the_promise_its_noise_and_the_attack() -> None:
    found = facts(PRIVACY)
    assert found["privacy of a training row"] == (
        "ε 2.99 (classic conversion 3.8) at δ 3.3e-05, after 60 of 72 steps; asked for 3"
    )
    assert found["noise"].startswith("multiplier 1.31, rows' gradients cut to 1")
    assert found["membership audit"] == (
        "AUC 0.510 [0.470, 0.550], TPR at 1 % FPR 0.012 [0.000, 0.030] (900 training rows, 300 others): no sign that"
        " training rows can be told"
    )


def test_an_attack_that_works_is_said_of_any_run() -> None:
    found = facts({"audit": {**AUDIT, "auc_interval": [0.6, 0.7]}})
    assert [*found] == ["membership audit"]
    assert found["membership audit"].endswith("training rows can be told by their loss")


def test_of_other_runs_nothing_is_said() -> None:
    assert facts({}) == {}
