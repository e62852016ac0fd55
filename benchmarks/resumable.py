"""Benchmarks of many runs: each is one ``modaxfer train`` in a folder of its own, made only while it is missing.

Folders stay on the machine that made them, what they found is kept in a JSON file: a benchmark that says how to join
the two (`Kept`) goes on from that file on any machine.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from machine import describe_machine, describe_versions

from modaxfer.config import RunConfig, build, read_yaml
from modaxfer.result import Result

PRELOADED = (
    *("torch", "transformers.modeling_utils", "peft", "accelerate", "pyarrow.parquet", "sklearn.linear_model"),
    *("sklearn.ensemble", "scipy.optimize", "modaxfer.api", "modaxfer.runner.run", "modaxfer.encoders.text"),
    *("modaxfer.encoders.image", "modaxfer.cli.train"),
)
"""What a run imports, none of which starts a thread."""

__all__ = ["Command", "Kept", "finished", "main", "run_missing", "same_settings", "store"]


@dataclass(frozen=True, kw_only=True)
class Command:
    """One run."""

    cell: str
    """What it belongs to, over all seeds."""
    seed: int
    flags: Mapping[str, Any] = field(default_factory=dict)
    """Long flags by name; a tuple stands for a flag that is given several times."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What ``--set`` gets, by full key."""
    keep: bool = False
    """Whether its model stays: others begin from it."""
    forked: bool = False
    """Whether it is made in a copy of this process instead of one of its own, so that libraries are imported once."""
    encoder_of: str = ""
    """Cell whose run of the same seed is its encoder; it stands before this one in the list."""

    def folder(self, runs: Path) -> Path:
        """Return the run's folder."""
        return runs / self.cell / str(self.seed)

    def line(self, output: Path) -> list[str]:
        """Return the command line that makes the run in `output`, or takes it up."""
        encoder = {"encoder": output.parents[1] / self.encoder_of / str(self.seed)} if self.encoder_of else {}
        given = {**encoder, **self.flags, "seed": self.seed, "output": output}
        flags = [
            str(word)
            for name, values in given.items()
            for value in (values if isinstance(values, tuple) else (values,))
            for word in (f"--{name}", value)
        ]
        options = [word for key, value in self.options.items() for word in ("--set", f"{key}={value}")]
        resume = ["--resume"] if (output / "config.yaml").is_file() else []
        return [sys.executable, "-m", "modaxfer", "train", *flags, *options, *resume]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """How a benchmark goes on from what is stored, where the folders of its runs are gone."""

    whole: Callable[[Mapping[str, Any]], set[tuple[str, int]]]
    """Returns cell and seed of the runs that what is stored tells in full: they are not made again."""
    join: Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]]
    """Returns what is stored with what the folders found put in where it is no less."""


def main(
    arguments: Sequence[str] | None,
    *,
    description: str,
    commands: Sequence[Command],
    runs: Path,
    output: Path,
    describe: Callable[[Path], Mapping[str, Any]],
    after: Callable[[Path], None] | None = None,
    kept: Kept | None = None,
) -> int:
    """Run what is missing and store what there is; return the exit status.

    Args:
        arguments: Of the command line; None = those of this process.
        description: First line of the help.
        commands: All runs, in the order in which they are made.
        runs: Folder of the runs where ``--runs`` names no other.
        output: JSON file where ``--output`` names no other.
        describe: Returns what the finished runs below a folder found, as plain JSON without paths.
        after: Is given the file when it has been written.
        kept: How to go on from the file; None = everything is described from the folders.
    """
    parser = argparse.ArgumentParser(description=description)
    cells = list(dict.fromkeys(command.cell for command in commands))
    parser.add_argument("--only", nargs="+", metavar="CELL", choices=cells)
    parser.add_argument("--seeds", type=int, nargs="+", metavar="SEED")
    parser.add_argument("--runs", type=Path, default=runs)
    parser.add_argument("--output", type=Path, default=output)
    parser.add_argument("--again", action="store_true", help="make runs whose findings are stored, too")
    options = parser.parse_args(arguments)
    if not os.environ.get("MODAXFER_DATA"):
        print("no rows to train on. Fix: set MODAXFER_DATA to the folder that holds the data sets.", file=sys.stderr)
        return 2
    stored = json.loads(options.output.read_text(encoding="utf-8")) if kept and options.output.is_file() else None
    told = kept.whole(stored) if kept and stored and not options.again else set()
    chosen = [
        command
        for command in commands
        if command.cell in (options.only or cells)
        and (options.seeds is None or command.seed in options.seeds)
        and (command.cell, command.seed) not in told
    ]
    failed = [f"{command.cell}/{command.seed}" for command in chosen if not run_missing(command, options.runs)]
    found = describe(options.runs)
    store(options.output, kept.join(stored, found) if kept and stored else found)
    if after is not None:
        after(options.output)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def store(output: Path, found: Mapping[str, Any]) -> None:
    """Write `found` with date, machine and versions to `output`."""
    made = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": describe_machine(),
        "versions": describe_versions(),
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps({**made, **found}, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def finished(command: Command, runs: Path) -> Result | None:
    """Return the result of a run that was made with the settings of `command`; None where there is none.

    A run that was killed before all its companions (draws, bounds, each task alone) had their say is not finished.
    """
    from modaxfer.runner.beside.schedule import is_complete

    folder = command.folder(runs)
    if not (folder / "result.json").is_file() or not same_settings(command, folder):
        return None
    result = Result.load(folder)
    return result if result.status == "completed" and is_complete(folder, tried=False) else None


def same_settings(command: Command, folder: Path) -> bool:
    """Tell whether the run in `folder` was started with the flags and options of `command`."""
    stored = build(RunConfig, read_yaml(folder / "config.yaml"))
    wanted = build(RunConfig, {name.replace("-", "_"): value for name, value in command.flags.items()})
    flags = [name.replace("-", "_") for name in command.flags]
    return (
        stored.seed == command.seed
        and all(getattr(stored, name) == getattr(wanted, name) for name in flags)
        and all(_said(stored.set.get(key)) == str(value) for key, value in command.options.items())
    )


def _said(value: Any) -> str:
    """Return an option as ``--set`` takes it: a list by its numbers."""
    return ",".join(f"{each:g}" for each in value) if isinstance(value, list) else str(value)


def run_missing(command: Command, runs: Path) -> bool:
    """Make the run of `command` unless it is there; return whether it is there now."""
    folder, name = command.folder(runs), f"{command.cell}/{command.seed}"
    if finished(command, runs) is not None:
        print(f"{name}: finished already", flush=True)
        return True
    if (folder / "config.yaml").is_file() and not same_settings(command, folder):
        print(f"{name}: its run was made with other settings. Fix: remove {folder}", file=sys.stderr)
        return False
    if (folder / "result.json").is_file() and Result.load(folder).status != "completed":
        # It failed, and a failed run counts as one that has ended.
        shutil.rmtree(folder)
    line = command.line(folder)
    print(f"\n{name}: {shlex.join(['modaxfer', *line[3:]])}", flush=True)
    if command.forked:
        status = _forked(line[3:])
    else:
        status = subprocess.run(line, env=os.environ | {"HF_HUB_OFFLINE": "1"}, check=False).returncode
    for model in list(folder.rglob("model")) if not (status or command.keep) else ():
        # Some hundred megabytes per run, of models that are here for their scores only.
        shutil.rmtree(model)
    return not status


def _forked(words: Sequence[str]) -> int:
    """Run ``modaxfer WORDS`` in a copy of this process, without figures, and return its exit status."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    for name in PRELOADED:
        importlib.import_module(name)
    sys.stdout.flush()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 1
    try:
        from modaxfer.cli.main import run
        from modaxfer.reports import figures

        # Half of what a small run takes, and nobody looks at them.
        figures.draw = lambda *_: ()
        run([*words])
    except SystemExit as ended:
        status = int(ended.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
