"""What ``accelerate launch`` asks for by its command line, its config and the environment."""

from __future__ import annotations

import pytest

from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError
from modaxfer.runner.processes import asked
from modaxfer.runner.processes.accelerate import make_accelerator

SEVERAL_CPUS = """
compute_environment: LOCAL_MACHINE
distributed_type: MULTI_CPU
mixed_precision: "no"
num_machines: 1
num_processes: 3
use_cpu: true
"""
"""With this, Accelerate starts one process."""

OURS = "-m modaxfer train --encoder bert"


@pytest.mark.parametrize(
    ("line", "default", "processes"),
    [
        (f"python /bin/accelerate launch --cpu --num_processes 2 {OURS}", False, 2),
        (f"python /bin/accelerate launch --cpu --num-processes=2 {OURS}", True, 2),
        (f"python -m accelerate.commands.launch --config_file {{}} {OURS}", False, 3),
        (f"python /bin/accelerate launch --config_file={{}} --num_processes 2 {OURS}", False, 2),
        (f"python /bin/accelerate launch {OURS}", True, 3),
        (f"python /bin/accelerate launch --cpu {OURS}", True, 1),
        (f"python /bin/accelerate launch {OURS}", False, 1),
        (f"python /bin/accelerate launch {OURS} --num-processes 2", False, 1),
        ("bash", True, 1),
    ],
)
def test_how_many_processes_were_asked_for(line, default, processes, tmp_path, monkeypatch):
    config = tmp_path / "cpus.yaml"
    config.write_text(SEVERAL_CPUS)
    there = str(config if default else tmp_path / "none.yaml")
    monkeypatch.setattr("accelerate.commands.config.config_args.default_config_file", there)
    monkeypatch.setattr(asked, "_parent", lambda: line.format(config).split())
    assert asked.processes_asked() == processes


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"ACCELERATE_DYNAMO_BACKEND": "INDUCTOR"}, "not taken: compiled models.*--dynamo_backend no"),
        ({"ACCELERATE_USE_PARALLELISM_CONFIG": "true"}, "parallelism of tensors.*no --use_parallelism_config"),
        ({"ACCELERATE_USE_MEGATRON_LM": "true"}, "Megatron-LM.*no --use_megatron_lm"),
        ({"ACCELERATE_MIXED_PRECISION": "fp8"}, "precision that is not taken. Got: ACCELERATE_MIXED_PRECISION=fp8"),
    ],
)
def test_what_is_not_taken_is_refused(told, said, monkeypatch):
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=said):
        make_accelerator(RunConfig())


@pytest.mark.parametrize(("wanted", "told", "found"), [("auto", "bf16", "bf16"), ("fp32", "no", "fp32")])
def test_the_precision_of_a_launcher_is_taken(wanted, told, found, monkeypatch):
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", told)
    monkeypatch.setenv("ACCELERATE_DYNAMO_BACKEND", "NO")
    assert make_accelerator(RunConfig(precision=wanted, device="cpu"))[1].precision == found


def test_two_precisions_are_one_too_many(monkeypatch):
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    with pytest.raises(ConfigError, match=r"--precision and the launcher disagree\. Got: fp32 and bf16"):
        make_accelerator(RunConfig(precision="fp32"))
