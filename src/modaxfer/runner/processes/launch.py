"""Several processes: torch's elastic launcher starts them, Accelerate finds itself in each."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from modaxfer.config import RunConfig, to_yaml
from modaxfer.errors import ConfigError, RunFailedError
from modaxfer.runner.claims.hold import joining
from modaxfer.runner.observed import LAUNCHED, PART, WHOLE
from modaxfer.runner.processes.asked import processes_asked

__all__ = ["launch", "launched_world", "refuse_silent_single", "reports_here"]


def launched_world() -> int | None:
    """Return the number of processes a launcher started, None where none did."""
    world = os.environ.get("WORLD_SIZE")
    return int(world) if world and "RANK" in os.environ else None


def reports_here() -> bool:
    """Return whether this process is the one that reports to the user."""
    return os.environ.get("RANK", "0") == "0" and LAUNCHED not in os.environ


def launch(config: RunConfig, folder: Path, *, resume: bool, part: bool = False) -> None:
    """Start ``config.num_processes`` processes of ``python -m modaxfer train`` and wait for them.

    Args:
        config: The request.
        folder: Of the run.
        resume: Whether it resumes the run there.
        part: Whether it is a part of another run, of which observers are told nothing.

    Raises:
        RunFailedError: One of them failed; all are stopped.
    """
    with tempfile.TemporaryDirectory(prefix="modaxfer-") as scratch:
        path = Path(scratch) / "config.yaml"
        path.write_text(to_yaml(replace(config, output=str(folder))), encoding="utf-8")
        command = [
            *(sys.executable, "-m", "modaxfer.runner.processes.agent", "--standalone", "--no-python"),
            f"--nproc-per-node={config.num_processes}",
            *(sys.executable, "-m", "modaxfer", "train", "--config", str(path)),
            *(["--resume"] if resume else []),
            *(["--trust-remote-code"] if config.trust_remote_code else []),
        ]
        variables, files = joining(folder)
        status = _finished(command, _environment(config, PART if part else WHOLE) | variables, files)
    if status:
        raise RunFailedError(
            f"one of {config.num_processes} processes failed",
            fix="read its error above; --num-processes 1 shows it alone",
        )


def _finished(command: Sequence[str], environment: Mapping[str, str], files: Sequence[int]) -> int:
    """Run the launcher and return its status; what interrupts us is handed on to it, and it may end in its own time.

    It has a session of its own, so that Ctrl-C reaches it once, through us.
    """
    started = subprocess.Popen(command, env=environment, pass_fds=files, start_new_session=True)  # noqa: S603
    try:
        return started.wait()
    except KeyboardInterrupt as stop:
        started.send_signal(getattr(stop, "number", signal.SIGINT))
        started.wait()
        raise
    finally:
        if started.poll() is None:
            started.terminate()


def refuse_silent_single(wanted: int, running: int) -> None:
    """Refuse to run fewer processes than were asked for.

    ``accelerate launch --cpu --num_processes 2``, and a config of Accelerate for several CPUs, start a single process
    without a word.

    Raises:
        ConfigError: Fewer processes run than were asked for.
    """
    asked = wanted if launched_world() is not None else max(wanted, processes_asked())
    if running < asked:
        raise ConfigError(
            f"{asked} processes were asked for and {running} started",
            fix="use `modaxfer train --num-processes N`, which starts them on any device",
        )


def _environment(config: RunConfig, launched: str) -> dict[str, str]:
    environment = {**os.environ, LAUNCHED: launched}
    environment.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // config.num_processes)))
    if config.device == "cpu":
        environment["ACCELERATE_USE_CPU"] = "true"
    return environment
