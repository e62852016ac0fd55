"""Processes that have imported what a run needs: they may be killed, and have an environment and a path of their own.

Python, torch and Transformers take seconds to start. A server of `multiprocessing` imports them once and does nothing
else, so that a copy of it is a fresh interpreter in all but its age: it has no threads, no registry, no cache.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import multiprocessing
import os
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import weakref
from multiprocessing import forkserver
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PRELOADED = (
    *("pytest", "torch", "transformers", "transformers.modeling_utils", "peft", "accelerate", "pyarrow.parquet"),
    *("sklearn.linear_model", "sklearn.ensemble", "scipy.optimize", "transformers.models.bert.modeling_bert"),
    *("transformers.models.vit.modeling_vit", "modaxfer.api", "modaxfer.runner.run", "modaxfer.cli.train"),
    # What a run imports when it comes to it.
    *("sklearn.feature_extraction.text", "torch.profiler._cupti_monitor", "PIL.JpegImagePlugin", "PIL.PngImagePlugin"),
    *("modaxfer.baselines.text", "modaxfer.bridges.native", "modaxfer.encoders.image", "modaxfer.encoders.text"),
    *("modaxfer.encoders.processors.text", "modaxfer.losses.supervised", "modaxfer.problems.multiclass"),
    *("modaxfer.reports.card", "modaxfer.reports.html", "modaxfer.runner.predict.evaluate", "modaxfer.tasks.own"),
    *("modaxfer.runner.beside.labelled", "modaxfer.runner.beside.schedule", "modaxfer.validators.score"),
    *("modaxfer.baselines.simple", "modaxfer.losses.sum", "modaxfer.reports.render", "modaxfer.runner.kinds"),
    *("modaxfer.runner.beside.scratch", "modaxfer.runner.beside.folds", "modaxfer.runner.request.kept", "warmed"),
)
SPARED = "import pytest, sparing; sparing.spare(pytest.MonkeyPatch())\n"
"""Code that spares a process the same as tests that make runs in theirs."""
UNDRAWN = SPARED + "from modaxfer.reports import figures; figures.draw = lambda *_: ()\n"
"""The same and figures, which take most of a tiny run's time, where a test is not about them."""
UNSEEN = UNDRAWN + "from modaxfer import reports; reports.report_run = lambda result, folder: None\n"
"""The same and pages, where no page is looked at."""
COPIED_WORKERS = """
import multiprocessing
from modaxfer.runner.rows import workers
workers.get_context = lambda _: multiprocessing.get_context("fork")
"""
"""Code that lets workers be copies of their process, which has imported what they need."""

CONTEXT = multiprocessing.get_context("forkserver")


class Started:
    """``python WORDS``, where the words are ``-c CODE`` or ``-m MODULE`` and its arguments.

    Its standard input says `answers`; standard error is written to `err` where that is given.
    """

    def __init__(
        self,
        words: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        path: Sequence[str] = (),
        answers: str = "",
        err: Path | None = None,
    ) -> None:
        CONTEXT.set_forkserver_preload([*PRELOADED])
        # The server looks for modules where a fresh Python would, whatever this process has put into its path.
        seen = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]))
        with patch.dict(os.environ, PYTHONPATH=seen):
            forkserver.ensure_running()
        self.words = list(map(str, words))
        self._said = Path(tempfile.mkdtemp(prefix="forked-"))
        weakref.finalize(self, shutil.rmtree, self._said, ignore_errors=True)
        (self._said / "in").write_text(answers, encoding="utf-8")
        told = [str(self._said / "in"), str(self._said / "out"), str(err or self._said / "err")]
        environment = dict(os.environ if environment is None else environment)
        given = (self.words, environment, list(map(str, path)), os.getcwd(), *told)
        self._process = CONTEXT.Process(target=_run, args=given)
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Return its exit status, that of a signal negative; None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def finish(self, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Wait for its end; kill it where that does not come."""
        self._process.join(timeout)
        if self.poll() is None:
            self.send_signal(signal.SIGKILL)
            self._process.join()
            raise subprocess.TimeoutExpired(self.words, timeout, self._told("out"), self._told("err"))
        status = self._process.exitcode
        assert status is not None
        return subprocess.CompletedProcess(self.words, status, self._told("out"), self._told("err"))

    def _told(self, name: str) -> str:
        said = self._said / name
        return said.read_text(encoding="utf-8") if said.exists() else ""


def python(*words: str, timeout: float = 120, **given: Any) -> subprocess.CompletedProcess[str]:
    """Run ``python WORDS`` to its end; what may be given is that of `Started`."""
    return Started(words, **given).finish(timeout)


def _run(words: list[str], environment: dict[str, str], path: list[str], place: str, *told: str) -> None:
    """Be that process; its standard streams are the files `told`."""
    gc.freeze()  # To walk through what the server has imported copies all of its pages.
    for number, name in enumerate(told):
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND if number else os.O_RDONLY, 0o600)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = os.fdopen(0, encoding="utf-8")
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", buffering=1) for number in (1, 2))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(place)
    sys.path[:0] = path
    importlib.invalidate_caches()
    flag, what, *sys.argv[1:] = words
    sys.argv[0] = flag
    try:
        if flag == "-c":
            main = type(sys)("__main__")
            sys.modules["__main__"] = main
            exec(compile(what, "<string>", "exec"), vars(main))
        else:
            runpy.run_module(what, run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()
