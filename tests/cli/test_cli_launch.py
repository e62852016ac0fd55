"""launch writes lines that clusters start; train --cell runs one file."""

from __future__ import annotations

import pytest

TRAIN = ("train", "--encoder", "bert", "--strategy", "lora", "--task", "digits", "--output", "/shared/a run")


def test_a_line_for_each_machine(shell):
    status, printed, _ = shell("launch", "--nodes", 2, "--per-node", 4, "--host", "node1", "--print", *TRAIN)
    assert status == 0
    assert printed.splitlines() == [
        "# on each of 2 machines",
        "torchrun --nnodes 2 --nproc-per-node 4 --rdzv-backend c10d --rdzv-id modaxfer --rdzv-endpoint node1:29500"
        " -m modaxfer train --encoder bert --strategy lora --task digits --output '/shared/a run'",
    ]


def test_shards_are_asked_for_in_the_environment_of_all_processes(shell):
    _, printed, _ = shell("launch", "--shard", "--print", *TRAIN)
    assert printed.splitlines()[1].startswith("MODAXFER_SHARD=1 torchrun --nnodes 2 ")
    _, script, _ = shell("launch", "--shard", "--slurm", "--print", *TRAIN)
    assert "export MODAXFER_SHARD=1" in script.splitlines()[:-1]


def test_a_script_for_sbatch_goes_on_when_it_is_requeued(shell):
    asked = ("--resource", "gpus=1", "--resource", "minutes=90", "--resource", "partition=gpu", "--resource", "cpus=2")
    status, printed, _ = shell("launch", "--nodes", 3, "--per-node", 4, "--slurm", *asked, "--print", *TRAIN)
    assert status == 0
    *head, threads, cores, resume, line = printed.splitlines()
    assert head == [
        "#!/bin/bash", "#SBATCH --job-name=modaxfer", "#SBATCH --nodes=3", "#SBATCH --ntasks-per-node=1",
        "#SBATCH --cpus-per-task=8", "#SBATCH --gpus-per-node=4", "#SBATCH --time=90", "#SBATCH --partition=gpu",
        "#SBATCH --requeue",
    ]  # fmt: skip
    assert (threads, cores) == ("export OMP_NUM_THREADS=2", "export SRUN_CPUS_PER_TASK=8")
    assert resume == "RESUME=$([ -f '/shared/a run/config.yaml' ] && echo --resume)"
    assert line.startswith('srun torchrun --nnodes 3 --nproc-per-node 4 --rdzv-backend c10d --rdzv-id "$SLURM_JOB_ID"')
    assert line.endswith("--output '/shared/a run' $RESUME")


def test_memory_is_a_whole_number_of_megabytes_as_slurm_takes_it(shell):
    _, script, _ = shell("launch", "--slurm", "--resource", "memory_gb=0.75", "--print", *TRAIN)
    assert "#SBATCH --mem=716M" in script.splitlines()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (TRAIN, "launch starts nothing by itself. Fix: add --print"),
        (("--print",), "one training is started on several machines. Got: nothing"),
        (("--print", "compare"), "for many trainings --engine slurm"),
        (("--print", *TRAIN[:-2]), "every machine has to know the folder of the run"),
        (("--print", *TRAIN, "--num-processes", 2), "torchrun says how many processes there are"),
        (("--print", *TRAIN, "--epochs", "x"), "epochs"),
        (("--print", "--shard", "--nodes", 1, *TRAIN), "one process has nothing to share a model with"),
        (("--print", "--resource", "cpus=2", *TRAIN), "torchrun sets nothing aside. Got: cpus"),
        (("--print", "--slurm", "--resource", "cpu=2", *TRAIN), "did you mean cpus"),
    ],
)
def test_lines_that_could_not_work_are_not_written(words, told, shell, no_weights):
    status, printed, said = shell("launch", *words)
    assert (status, printed) == (2, "")
    assert told in said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--encoder", "bert"), "--cell runs what one file asks for. Got: encoder"),
        (("--config", "cell.yaml", "--resume"), "--cell runs what one file asks for. Got: resume"),
        (("--config", "cell.yaml"), "a cell has a folder. Got: no output"),
    ],
)
def test_a_cell_is_one_file(words, told, shell, no_weights, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cell.yaml").write_text("encoder: [bert]\nstrategy: full\ntask: [digits]\n")
    status, _, said = shell("train", *words, "--cell")
    assert status == 2
    assert told in said


@pytest.mark.parametrize("command", ["predict", "features", "compare", "pretrain"])
def test_what_is_no_training_is_refused_in_several_processes(command, shell, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    status, _, said = shell(command)
    assert status == 2
    assert f"`modaxfer {command}` runs in one process" in said
    assert "Got: 2 processes of a launcher" in said
    assert shell("list", "metrics")[0] == 0
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert "2 processes" not in shell(command)[2]
