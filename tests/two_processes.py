"""Two processes of one run, as torch's launcher would start them, without its seconds."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import forked

if TYPE_CHECKING:
    from collections.abc import Mapping

EACH = """
import sys, modaxfer
for path in sys.argv[1:]:
    modaxfer.train(path, quiet=True)
"""
"""Trains every config named on the command line, one after the other, in however many processes there are."""

RESUMED = """
import sys, modaxfer
modaxfer.train(output=sys.argv.pop(1), resume=True)
"""
"""Goes on with the run that is named first."""

KILLED = """
import os, sys
from modaxfer.cli.main import run
from modaxfer.runner.training.loop import _GradientPhase

step, (number, last), taken = _GradientPhase._step, map(int, sys.argv[1:3]), []

def fatal(phase, rows):
    step(phase, rows)
    taken.append(rows)
    if len(taken) == last:
        os.kill(os.getpid(), number)

_GradientPhase._step = fatal
run(sys.argv[3:])
"""
"""The command line, which sends itself a signal after a step."""


def in_two_processes(code: str, *words: str, environment: Mapping[str, str] | None = None) -> tuple[list[int], str]:
    """Run `code` in two processes that find themselves as torch's launcher would have them find each other.

    Returns:
        Their exit statuses and what they said on standard error.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1]), "WORLD_SIZE": "2"}
    own = {**os.environ, **meeting, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "MODAXFER_LAUNCHED": "1"}
    own |= environment or {}
    both = [
        forked.Started(["-c", forked.UNSEEN + code, *words], environment={**own, "RANK": rank, "LOCAL_RANK": rank})
        for rank in ("0", "1")
    ]
    ended = [started.finish(timeout=900) for started in both]
    return [done.returncode for done in ended], "".join(done.stderr for done in ended)
