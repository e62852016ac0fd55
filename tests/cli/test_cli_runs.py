"""train, evaluate, predict and report, as a user types them; and what the program says to a user's mistakes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from modaxfer import __version__
from modaxfer.cli import main
from modaxfer.encoders.runs import SCHEMA

QUICK = ["--epochs", "1", "--precision", "fp32", "--device", "cpu"]


def run(*arguments, text=None, capsys=None, monkeypatch=None):
    """Run the command line in this process: exit status, standard output, standard error."""
    if text is not None:
        import io

        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    with pytest.raises(SystemExit) as stop:
        main.run([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    return stop.value.code, printed.out, printed.err


@pytest.fixture
def shell(capsys, monkeypatch):
    return lambda *arguments, text=None: run(*arguments, text=text, capsys=capsys, monkeypatch=monkeypatch)


@pytest.fixture(scope="module")
def trained(tiny, own_rows, tmp_path_factory):
    """A finished run on texts."""
    import modaxfer

    folder = tmp_path_factory.mktemp("runs") / "texts"
    modaxfer.train(
        encoder=str(tiny("bert")), strategy="frozen", output=str(folder), device="cpu", quiet=True, **own_rows("text")
    )
    return folder


def test_train_prints_score_interval_baselines_and_report(shell, tiny, own_rows, tmp_path):
    rows = own_rows("text")
    status, out, err = shell(
        "train", "--encoder", tiny("bert"), "--strategy", "lora", "--data", rows["data"], "--text", "text",
        "--output", tmp_path / "run", *QUICK,
    )  # fmt: skip
    assert status == 0
    for word in ("test accuracy", "[", "chance", "majority", "simple", "report.html"):
        assert word in out
    for word in ("checkpoint", "bridge", "fingerprint", "epoch 1"):
        assert word in err


def test_scores_are_said_before_pages_are_drawn(shell, tiny, own_rows, tmp_path, monkeypatch):
    rows = own_rows("text")
    monkeypatch.setattr("modaxfer.reports.report_run", lambda result, folder: sys.stdout.write("drawing now\n"))
    status, out, _ = shell(
        "train", "--encoder", tiny("bert"), "--strategy", "frozen", "--data", rows["data"], "--text", "text",
        "--output", tmp_path / "run", *QUICK[2:],
    )  # fmt: skip
    assert status == 0
    assert out.index("test accuracy") < out.index("drawing now") < out.index(f"run      {tmp_path / 'run'}")


def test_train_json_is_the_result(shell, tiny, own_rows, tmp_path):
    rows = own_rows("text")
    status, out, err = shell(
        "train", "--encoder", tiny("bert"), "--strategy", "frozen", "--data", rows["data"], "--text", "text",
        "--output", tmp_path / "run", "--json", "--quiet", *QUICK[2:],
    )  # fmt: skip
    assert (status, err) == (0, "")
    assert json.loads(out) == json.loads((tmp_path / "run" / "result.json").read_text())


def test_evaluate_gives_what_was_stored(shell, trained):
    status, out, err = shell("evaluate", trained, "--json", "--quiet")
    found = json.loads(out)
    assert (status, err) == (0, "")
    assert found["metrics"] == pytest.approx(found["stored"], abs=1e-6)


def test_report_renders_again(shell, trained):
    (trained / "report.html").unlink()
    status, out, _ = shell("report", trained)
    assert status == 0
    assert (trained / "report.html").is_file()
    assert "report.html" in out


MISTAKES = {
    "one argument": (["--strategy", "full"], r"--encoder and --task missing.*for example"),
    "unknown encoder": (["--encoder", "brt", "--strategy", "full", "--task", "digits"], r"unknown encoder.*bert"),
    "unknown strategy": (["--encoder", "bert", "--strategy", "lorra", "--task", "digits"], r"unknown strategy.*lora"),
    "unknown task": (["--encoder", "bert", "--strategy", "lora", "--task", "digit"], r"unknown task.*digits"),
    "wrong precision": (
        ["--encoder", "bert", "--strategy", "lora", "--task", "digits", "--precision", "bf61"],
        r"precision: got 'bf61', allowed auto, fp32, bf16, fp16 \(did you mean bf16\?\)",
    ),
    "set without value": (
        ["--encoder", "bert", "--strategy", "lora", "--task", "digits", "--set", "rank"],
        r"--set takes KEY=VALUE",
    ),
    "task and data": (
        ["--encoder", "bert", "--strategy", "lora", "--task", "digits", "--data", "rows.csv"],
        r"--task and --data exclude each other",
    ),
    "two encoders": (
        ["--encoder", "bert", "--encoder", "vit", "--strategy", "lora", "--task", "digits"],
        r"strategy lora takes one encoder\. Got: bert, vit\. .* such as --strategy fusion",
    ),
    "two tasks": (
        ["--encoder", "bert", "--strategy", "frozen", "--task", "digits", "--task", "diabetes"],
        r"strategy frozen takes one task\. Got: digits, diabetes\. .* such as --strategy multitask",
    ),
    "one encoder to fuse": (
        ["--encoder", "bert", "--strategy", "fusion", "--task", "digits"],
        r"strategy fusion fuses several encoders\. Got: bert\. Allowed: two or more",
    ),
    "a task twice": (
        ["--encoder", "bert", "--strategy", "multitask", "--task", "digits", "--task", "digits"],
        r"a task is named twice",
    ),
    "nothing to resume": (["--resume", "--output", "nowhere"], r"no run to resume"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_paragraph_and_status_2(mistake, shell, tmp_path, monkeypatch):
    import re

    monkeypatch.chdir(tmp_path)
    arguments, message = MISTAKES[mistake]
    status, out, err = shell("train", *arguments)
    assert status == 2
    assert out == ""
    assert "Traceback" not in err
    assert re.search(message, err), err
    assert list(tmp_path.iterdir()) == []


def test_train_alone_says_what_most_people_want(shell):
    status, out, err = shell("train")
    assert (status, out) == (2, "")
    assert [line.split()[:2] for line in err.splitlines() if line.startswith("  ")].count(["modaxfer", "train"]) == 3
    assert max(map(len, err.splitlines())) <= 80


def test_a_wrong_column_names_close_ones(shell, tiny, own_rows):
    status, _, err = shell(
        "train", "--encoder", tiny("bert"), "--strategy", "full", "--data", own_rows("text")["data"], "--text", "txt"
    )
    assert status == 2
    assert "did you mean text?" in err


@pytest.mark.usefixtures("no_weights")
def test_a_wrong_modality_is_refused_before_weights_are_loaded(shell, tiny, own_rows):
    status, _, err = shell(
        "train", "--encoder", tiny("bert"), "--strategy", "full", "--data", own_rows("audio")["data"],
        "--bridge", "spectrogram",
    )  # fmt: skip
    assert status == 2
    assert "bridge modaxfer/spectrogram does not lead from audio to what bert takes" in err


def test_an_occupied_folder_is_refused(shell, trained, tiny, own_rows):
    rows = own_rows("text")
    status, _, err = shell(
        "train", "--encoder", tiny("bert"), "--strategy", "full", "--data", rows["data"], "--text", "text",
        "--output", trained,
    )  # fmt: skip
    assert status == 2
    assert "already holds a finished run" in err


def test_resuming_with_other_settings_is_refused(shell, trained, tiny, own_rows, tmp_path):
    import shutil

    shutil.copytree(trained, tmp_path / "run")
    (tmp_path / "run" / "result.json").unlink()
    status, _, err = shell(
        "train", "--encoder", tiny("bert"), "--strategy", "lora", "--data", own_rows("text")["data"], "--text", "text",
        "--output", tmp_path / "run", "--resume",
    )  # fmt: skip
    assert status == 2
    assert "was started with other settings" in err
    assert "strategy" in err


def test_a_failed_run_says_so_in_its_result(shell, tiny, own_rows, tmp_path):
    rows = own_rows("text")
    status, _, err = shell(
        "train", "--encoder", tiny("bert"), "--strategy", "full", "--data", rows["data"], "--text", "text",
        "--output", tmp_path / "run", "--learning-rate", "1e30", *QUICK[2:], "--epochs", "5",
    )  # fmt: skip
    assert status == 1
    assert "the loss is nan" in err
    stored = json.loads((tmp_path / "run" / "result.json").read_text())
    assert stored["status"] == "failed"
    assert "the loss is" in stored["error"]


def test_a_failed_run_is_tried_again(shell, tiny, own_rows, tmp_path, monkeypatch):
    from modaxfer.runner.evaluation import conclude

    ask = (
        "train", "--encoder", tiny("bert"), "--strategy", "full", "--data", own_rows("text")["data"], "--text", "text",
        *QUICK, "--output",
    )  # fmt: skip
    shell(*ask, tmp_path / "unbroken")

    def full_disk(*arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as trouble:
        trouble.setattr(conclude, "examine", full_disk)
        status, _, err = shell(*ask, tmp_path / "run")
    assert status == 1
    assert "there is no space left to write into" in err
    assert "MODAXFER_CACHE" in err
    status, _, err = shell(*ask, tmp_path / "run")
    assert status == 2
    assert "already holds a run that failed" in err
    assert "--resume" in err
    status, _, err = shell("train", "--resume", "--output", tmp_path / "run")
    assert status == 0
    # What is found out while scoring is said too, each once.
    told = json.loads((tmp_path / "run" / "result.json").read_text())["warnings"]
    said = " ".join(err.split())
    assert told
    assert [said.count(f"warning: {' '.join(warning.split())}") for warning in told] == [1] * len(told)
    metrics = [json.loads((tmp_path / name / "result.json").read_text())["metrics"] for name in ("unbroken", "run")]
    assert metrics[0] == metrics[1]
    _, _, err = shell("train", "--resume", "--output", tmp_path / "run")
    assert "is finished already" in err


def test_a_text_in_the_place_of_a_file_is_told_how_it_is_piped(shell, tmp_path):
    (tmp_path / "model").mkdir()
    described = {"schema": SCHEMA, "towers": [{"fields": [{"name": "review"}]}]}
    (tmp_path / "model" / "model.json").write_text(json.dumps(described))
    status, _, err = shell("predict", tmp_path, "It's fine")
    assert status == 2
    piped = """echo '{"review": "It'"'"'s fine"}' | modaxfer predict"""
    assert f"there is no such file. Got: It's fine. Fix: check the path, or pipe a row: `{piped} {tmp_path} -`" in err
    assert "Fix: check the path; - reads standard input" in shell("predict", tmp_path, "new rows.csv")[2]


def test_an_unknown_command_names_close_ones(shell):
    status, _, err = shell("trian")
    assert status == 2
    assert err.startswith("modaxfer: there is no such command. Got: trian. Allowed: train, ")
    for word, meant in (("fit", "train"), ("fine-tune", "train"), ("eval", "evaluate"), ("embed", "features")):
        assert shell(word)[2].endswith(f"Fix: did you mean {meant}?\n")
    assert "Fix: did you mean train or pretrain?" in err


def test_version_and_module_entry():
    done = subprocess.run([sys.executable, "-m", "modaxfer", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"modaxfer {__version__}"
