"""What happens while a plugin's light module is imported, seen from a process of its own.

This file is also what that process runs, with the module's name behind it: nothing but the standard library is imported
at its top. Sockets, files and processes are seen by an audit hook (PEP 578).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

__all__ = ["Observed", "observed", "said_by", "tell", "timed", "written"]

_LONGEST = 60.0
"""Seconds after which an import is given up."""

_STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn")
_CHANGES = ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.truncate", "shutil.")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What a module did while it was imported and its hooks were called."""

    milliseconds: float
    """By the clock, which a busy machine and a sleeping plugin both make longer."""
    processor: float
    """Milliseconds that the processor was at work for it."""
    modules: tuple[str, ...] = ()
    """Names of the modules that came with it."""
    sockets: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Files and folders that were written, moved or removed."""
    processes: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    """What is not as it was in the process: variables of the environment, threads, the current folder, prints."""
    error: str = ""
    """Why it could not be imported; all else is then empty."""


@cache
def observed(module: str) -> Observed:
    """Import `module` in a fresh process and return what it did there."""
    # No bytecode is written: that would be a file, and not the plugin's doing.
    return _run(module, "-B")


@cache
def timed(module: str, processes: int) -> tuple[Observed, ...]:
    """Import `module` in as many fresh processes, compiled as it is in use, and return what each saw."""
    return tuple(_run(module) for _ in range(processes))


def _run(module: str, *flags: str) -> Observed:
    said = said_by(*flags, __file__, module)
    if isinstance(said, str):
        return Observed(milliseconds=0.0, processor=0.0, error=said)
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in said.items()}
    return Observed(**values)


def said_by(*arguments: str, folder: str | os.PathLike[str] | None = None, **variables: str) -> dict[str, Any] | str:
    """Run this Python with `arguments` and return what it tells with `tell`, or one line that says why it does not.

    Args:
        arguments: Flags, a file and what it is given.
        folder: Where it runs; None = here.
        variables: Of its environment, beside those of this process.
    """
    # What is importable here is importable there, and nothing from the folder of this file.
    paths = os.pathsep.join(os.path.abspath(path) for path in sys.path)
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter and files of the kit
            [sys.executable, "-P", *arguments],
            env={**os.environ, "PYTHONPATH": paths, **variables},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it took more than {_LONGEST:g} seconds"
    try:
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        last = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
        return f"its process ended with status {done.returncode}: {last}"
    return said


def tell(said: dict[str, Any]) -> None:
    """Hand what was seen to the process that waits for it."""
    sys.stdout.write(f"\n{json.dumps(said)}\n")


def written(event: str, arguments: tuple[Any, ...]) -> Any:
    """Return what an audited event writes, moves or removes: a path, or a descriptor; None where it does not."""
    if event.startswith(_CHANGES):
        return arguments[0]
    return arguments[0] if event == "open" and _writes(*arguments) and arguments[0] != os.devnull else None


def _watch(module: str) -> dict[str, Any]:
    """Import `module`, call its hooks, and return what an `Observed` is made of."""
    import contextlib
    import importlib
    import io
    import threading
    import time

    from modaxfer.registry import hook_manager, records

    seen: dict[str, list[str]] = {"sockets": [], "files": [], "processes": [], "left": []}
    watching, printed = [True], io.StringIO()
    sys.addaudithook(lambda event, arguments: _note(seen, event, arguments) if watching[0] else None)
    modules, threads, folder = set(sys.modules), threading.active_count(), os.getcwd()
    start, worked, error = time.perf_counter(), time.process_time(), ""
    try:
        with contextlib.redirect_stdout(printed):
            own = hook_manager()
            own.register(importlib.import_module(module))
            for kind in records.KINDS.values():
                for brought in getattr(own.hook, kind.hook)():
                    tuple(brought)
    except (Exception, SystemExit) as raised:
        error = f"{type(raised).__name__}: {raised}"
    elapsed, worked = time.perf_counter() - start, time.process_time() - worked
    watching[0] = False
    left = seen["left"]
    left += ["a thread that runs on"] * (threading.active_count() > threads)
    left += ["another current folder"] * (os.getcwd() != folder)
    left += [f"prints: {printed.getvalue().strip()[:80]}"] * bool(printed.getvalue().strip())
    new = sorted(name for name in {*sys.modules} - modules if getattr(sys.modules[name], "__spec__", None))
    spent = {"milliseconds": elapsed * 1000, "processor": worked * 1000}
    return {**spent, "modules": new, "error": error, **seen}


def _note(seen: dict[str, list[str]], event: str, arguments: tuple[Any, ...]) -> None:
    if event.startswith("socket."):
        seen["sockets"].append(f"{event} {arguments[1:]}")
    elif event in ("os.putenv", "os.unsetenv"):
        seen["left"].append(f"the variable {os.fsdecode(arguments[0])}")
    elif event.startswith(_STARTS):
        seen["processes"].append(f"{event} {arguments[0] if arguments else ''}")
    elif (path := written(event, arguments)) is not None:
        seen["files"].append(f"{event} {path}")


def _writes(_: object, mode: str | None, flags: int) -> bool:
    return bool(set(mode) & set("wax+")) if mode else bool(flags & _WRITING)


if __name__ == "__main__":
    tell(_watch(sys.argv[1]))
