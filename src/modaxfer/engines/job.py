"""One job on another machine: ``python -m modaxfer.engines.job LOG [NAME=VALUE ...] -- COMMAND`` runs the command.

Clusters are handed this line, so that nothing of ours is pickled; folders are shared between the machines.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from modaxfer.engines.contract import Job
from modaxfer.engines.parent import PARENT, end_with_parent

__all__ = ["ended_with", "line_of", "main"]

CARRIED = ("MODAXFER_", "HF_")
"""Beginnings of variables that a job is given as they are here; machines of a cluster have others."""

SECRET = ("TOKEN", "KEY", "PASSWORD", "SECRET")
"""What is never written into a command line."""


def line_of(job: Job, environment: dict[str, str]) -> list[str]:
    """Return the words that run `job` on another machine, `environment` over what is carried there."""
    carried = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(CARRIED) and not any(word in name for word in SECRET) and name != PARENT
    }
    pairs = [f"{name}={value}" for name, value in (carried | environment).items()]
    return [sys.executable, "-m", "modaxfer.engines.job", str(job.log), *pairs, "--", *job.command]


SIGNALLED = 128
"""What is added to the number of the signal that killed the command, as shells do."""


def ended_with(status: int) -> int:
    """Return how the command ended, a signal's number negative, from the status of `main`."""
    return SIGNALLED - status if status > SIGNALLED else status


def main(words: Sequence[str]) -> int:
    """Run the command and return its status; it ends with this process, and this one with whoever started it."""
    place = words.index("--")
    log, *pairs = words[:place]
    os.environ[PARENT] = str(os.getppid())
    end_with_parent()
    given = dict(pair.split("=", 1) for pair in pairs)
    environment = {**os.environ, **given, PARENT: str(os.getpid())}
    with open(log, "ab") as said:
        # In a session of its own: Ray kills the group of a task that it cancels, and a checkpoint takes a moment.
        status = subprocess.call(  # noqa: S603 - what is started is ours
            words[place + 1 :],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return status if status >= 0 else SIGNALLED - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
