"""Real launchers, each as a user types it: two processes end where one does, also after one of them was killed."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file

import modaxfer
from modaxfer.result import Result

pytestmark = [pytest.mark.recipe, pytest.mark.slow]

EPOCHS, ENDED_IN = 16, 6
"""The run is long enough to be ended in the middle: one epoch takes some tenths of a second."""

FSDP2 = """
compute_environment: LOCAL_MACHINE
distributed_type: FSDP
fsdp_config:
  fsdp_activation_checkpointing: false
  fsdp_auto_wrap_policy: TRANSFORMER_BASED_WRAP
  fsdp_cpu_ram_efficient_loading: true
  fsdp_offload_params: false
  fsdp_reshard_after_forward: true
  fsdp_state_dict_type: SHARDED_STATE_DICT
  fsdp_transformer_layer_cls_to_wrap: BertLayer
  fsdp_version: 2
machine_rank: 0
main_training_function: main
mixed_precision: "no"
num_machines: 1
num_processes: 2
rdzv_backend: static
same_network: true
use_cpu: false
"""
"""What ``accelerate config`` writes."""

SEVERAL_CPUS = """
compute_environment: LOCAL_MACHINE
distributed_type: MULTI_CPU
machine_rank: 0
main_training_function: main
mixed_precision: "no"
num_machines: 1
num_processes: 2
rdzv_backend: static
same_network: true
use_cpu: true
"""

SLURM = """
scontrol() { [ "$*" = "show hostnames $SLURM_JOB_NODELIST" ] && printf 'localhost\\nlocalhost\\n'; }
srun() {
    for node in 0 1; do "$@" & started="$started $!"; done
    status=0; for one in $started; do wait "$one" || status=1; done; return $status
}
export -f scontrol srun
SLURM_JOB_ID=__JOB__ SLURM_JOB_NODELIST='node[1-2]' bash run.sbatch
"""
"""Stands for Slurm, which would start the line on two machines."""

BY_ACCELERATE = "accelerate launch --use_fsdp --fsdp_version 2 --num_processes 2 --main_process_port 0 -m modaxfer"
LAUNCHERS = {
    "FSDP2 by flags": BY_ACCELERATE,
    "FSDP2 by a config": "accelerate launch --config_file fsdp2.yaml --main_process_port 0 -m modaxfer",
    "DDP by accelerate": "accelerate launch --multi_gpu --num_processes 2 --main_process_port 0 -m modaxfer",
    "DDP by torchrun": "torchrun --standalone --nproc-per-node 2 -m modaxfer",
}
KILLED = ("FSDP2 by flags", "DDP by torchrun")


@pytest.fixture(scope="module")
def asked(tiny, own_rows):
    """Return the words of one run, without its folder."""
    rows = own_rows("text")
    words = ["train", "--encoder", str(tiny("bert")), "--strategy", "lora", "--data", rows["data"], "--text", "text"]
    words += ["--epochs", str(EPOCHS), "--learning-rate", "1e-3", "--batch-size", "5", "--precision", "fp32"]
    return [*words, "--device", "cpu", "--set", "patience=0", "--set", "train.max_tokens=48"]


@pytest.fixture(scope="module")
def alone(tiny, own_rows, tmp_path_factory):
    """Return the folder of the same run in one process."""
    folder = tmp_path_factory.mktemp("alone") / "run"
    options = {"patience": 0, "train.max_tokens": 48}
    settings = {"epochs": EPOCHS, "learning_rate": 1e-3, "batch_size": 5, "precision": "fp32", "device": "cpu"}
    rows = own_rows("text")
    asked = {"encoder": str(tiny("bert")), "strategy": "lora", "set": options, **settings, **rows}
    modaxfer.train(**asked, output=folder, quiet=True)
    return folder


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Be in a folder with configs of Accelerate; programs beside this Python are found, and threads are few."""
    (tmp_path / "fsdp2.yaml").write_text(FSDP2)
    (tmp_path / "cpus.yaml").write_text(SEVERAL_CPUS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def called(words, **given):
    done = subprocess.run(words, capture_output=True, text=True, timeout=400, check=False, **given)
    return done.returncode, done.stdout + done.stderr


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def ended(words, log, end):
    """Start `words`, let `end` do something to the launcher in the middle of the run, and return how that ends."""
    with log.open("w") as said:
        started = subprocess.Popen(words, stdout=said, stderr=subprocess.STDOUT)
    until = time.monotonic() + 300
    try:
        while f"epoch {ENDED_IN}:" not in log.read_text():
            assert started.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.01)
        end(psutil.Process(started.pid))
        return started.wait(120)
    finally:
        started.terminate()


def kill_the_second(launcher):
    (second,) = [each for each in launcher.children(recursive=True) if each.environ().get("RANK") == "1"]
    second.kill()


def is_as(run, alone, processes=2):
    one, several = Result.load(alone), Result.load(run)
    assert (one.num_processes, several.num_processes) == (1, processes)
    for split in ("train", "validation", "test"):
        assert several.metrics[split] == pytest.approx(one.metrics[split], rel=1e-5, abs=1e-6)
    for path in sorted((alone / "model").rglob("*.safetensors")):
        there = load_file(run / path.relative_to(alone))
        for name, tensor in load_file(path).items():
            torch.testing.assert_close(there[name], tensor, rtol=1e-4, atol=1e-5, msg=name)
    return several


@pytest.mark.parametrize("name", LAUNCHERS)
def test_two_processes_of_a_launcher_end_where_one_does(name, asked, alone, place):
    words = shlex.split(LAUNCHERS[name])
    if name in KILLED:
        assert ended([*words, *asked, "--output", "run"], place / "log", kill_the_second) == 1
        # It is told of the other's end by a broken connection or by the launcher, whichever comes first.
        told = (place / "log").read_text()
        assert "--resume goes on" in told or "stopped by SIGTERM; `... -m modaxfer train --resume --output run`" in told
        asked = ["train", "--resume"]
    status, said = called([*words, *asked, "--output", "run"])
    assert status == 0, said
    assert ("resumed after step" in said) is (name in KILLED)
    assert said.count("report ") == 1
    shards = is_as(place / "run", alone).training.get("shards")
    assert (shards is not None) is name.startswith("FSDP2")


def test_a_launcher_that_is_stopped_says_how_it_goes_on(asked, place):
    words = [*shlex.split(LAUNCHERS["DDP by torchrun"]), *asked, "--output", "run"]
    status = ended(words, place / "log", lambda launcher: launcher.send_signal(signal.SIGINT))
    told = (place / "log").read_text()
    assert status != 0
    assert told.count("stopped by SIGINT; `... -m modaxfer train --resume --output run` goes on from there") == 1
    assert not (place / "run" / "result.json").exists()
    status, said = called([*shlex.split(LAUNCHERS["DDP by torchrun"]), "train", "--resume", "--output", "run"])
    assert status == 0, said
    assert "resumed after step" in said


def test_accelerate_starts_one_process_for_several_cpus_and_the_run_is_refused(asked, place):
    status, said = called(["accelerate", "launch", "--config_file", "cpus.yaml", "-m", "modaxfer", *asked])
    assert status == 1
    assert "2 processes were asked for and 1 started. Fix: use `modaxfer train --num-processes N`" in said


def test_the_printed_line_run_on_two_machines_ends_where_one_process_does(asked, alone, place):
    launch = [sys.executable, "-m", "modaxfer", "launch", "--nodes", "2", "--per-node", "1", "--shard"]
    status, printed = called([*launch, "--host", f"localhost:{free_port()}", "--print", *asked, "--output", "run"])
    assert status == 0, printed
    both = [subprocess.Popen(["bash", "-c", printed], stderr=subprocess.DEVNULL) for _ in range(2)]
    assert [each.wait(400) for each in both] == [0, 0]
    assert is_as(place / "run", alone).training["shards"]["processes"] == 2


def test_the_printed_script_goes_on_when_it_is_submitted_again(asked, alone, place):
    launch = [sys.executable, "-m", "modaxfer", "launch", "--nodes", "2", "--per-node", "1", "--slurm"]
    status, printed = called([*launch, "--resource", "cpus=1", "--print", *asked, "--output", "a run"])
    assert status == 0, printed
    Path("run.sbatch").write_text(printed)
    slurm = ["bash", "-c", SLURM.replace("__JOB__", str(free_port()))]
    assert ended(slurm, place / "log", kill_the_second) == 1
    status, told = called(slurm)
    assert status == 0, told
    assert "resumed after step" in told
    is_as(place / "a run", alone)
