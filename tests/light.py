"""Processes that have imported the register and the command line: a copy of one takes a fifth of a fresh Python's time.

What waits for questions has loaded no plugin and said nothing yet, so that one question leaves nothing to the next. It
has not imported torch either (`forked` starts what trains), and what is about starting itself asks a fresh Python.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WAITING = """
import gc, json, os, sys, traceback
import forked, modaxfer.cli.listing, modaxfer.cli.main, modaxfer.cli.plugins, warmed

def answer(asked):
    try:
        forked._run(*asked)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0

gc.freeze()
for line in sys.stdin:
    copy = os.fork()
    if not copy:
        status = answer(json.loads(line))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]), flush=True)
"""


class Light:
    """Answers questions by copies of one process, which starts at the first of them. A context manager."""

    def __init__(self) -> None:
        self._waiting: subprocess.Popen[str] | None = None

    def __enter__(self) -> Light:
        return self

    def __exit__(self, *error: object) -> None:
        if self._waiting is not None:
            self._waiting.communicate()

    def python(
        self, words: Sequence[str], environment: Mapping[str, str], path: Sequence[str]
    ) -> subprocess.CompletedProcess[str]:
        """Run ``python WORDS``, which are ``-c CODE`` or ``-m MODULE`` and its arguments, with `path` in front."""
        waiting = self._started()
        assert waiting.stdin is not None
        assert waiting.stdout is not None
        said = Path(tempfile.mkdtemp(prefix="light-"))
        try:
            (said / "in").touch()
            told = [str(said / name) for name in ("in", "out", "err")]
            waiting.stdin.write(json.dumps([[*words], {**environment}, [*path], str(Path.cwd()), *told]) + "\n")
            waiting.stdin.flush()
            status = int(waiting.stdout.readline())
            out, err = (Path(name).read_text(encoding="utf-8") for name in told[1:])
        finally:
            shutil.rmtree(said)
        return subprocess.CompletedProcess([*words], status, out, err)

    def _started(self) -> subprocess.Popen[str]:
        if self._waiting is None:
            words = [sys.executable, "-c", WAITING]
            streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            self._waiting = subprocess.Popen(words, cwd=Path(__file__).parent, **streams)
        return self._waiting
