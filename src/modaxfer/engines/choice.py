"""Which engine is asked for: checked before anything is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from modaxfer.config import build
from modaxfer.engines.contract import Engine
from modaxfer.engines.resources import Resources, cores
from modaxfer.errors import ConfigError, MissingPackageError

__all__ = ["ENGINES", "Where", "chosen"]

MANY = 8
"""Jobs at once on a cluster, where the user does not say."""


class _Kind(NamedTuple):
    target: str
    package: str | None
    takes: frozenset[str]
    """Keys of `Resources` that it has a use for."""


_KINDS: Mapping[str, _Kind] = {
    "local": _Kind("modaxfer.engines.local:Local", None, frozenset({"cpus"})),
    "ray": _Kind("modaxfer.engines.ray_tasks:RayTasks", "ray", frozenset({"cpus", "gpus", "memory_gb"})),
    "slurm": _Kind(
        "modaxfer.engines.slurm:Slurm", "submitit", frozenset(item.name for item in fields(Resources))
    ),
}  # fmt: skip

ENGINES = tuple(_KINDS)
"""Names of the engines."""


@dataclass(frozen=True, kw_only=True)
class Where:
    """An engine that is asked for, and not yet started."""

    engine: str
    jobs: int
    resources: Resources
    given: Mapping[str, Any]
    """Resources as they were asked for."""

    @property
    def words(self) -> str:
        """The flags that ask for it."""
        pairs = "".join(f" --resource {key}={value}" for key, value in self.given.items())
        return f"--engine {self.engine} --jobs {self.jobs}{pairs}"

    def open(self, folder: Path) -> Engine:
        """Start the engine; what it writes for itself goes below `folder`."""
        module, _, name = _KINDS[self.engine].target.partition(":")
        engine: Engine = getattr(import_module(module), name)(self.jobs, self.resources, folder)
        return engine


def chosen(engine: str | None, jobs: Any = None, resources: Mapping[str, Any] | None = None) -> Where | None:
    """Return the engine that is asked for; None where none is, and everything runs in this process.

    Args:
        engine: One of `ENGINES`; with `jobs` alone ``local``.
        jobs: How many at once.
        resources: Fields of `Resources`.

    Raises:
        ConfigError: There is no such engine, it has no use for a resource, or a value is wrong.
        MissingPackageError: Its package is not installed.
    """
    given = dict(resources or {})
    if engine is None and jobs is None and not given:
        return None
    name = engine or "local"
    if name not in _KINDS:
        raise ConfigError("there is no such engine", got=name, allowed=ENGINES, fix="correct --engine")
    kind = _KINDS[name]
    found = build(Resources, given, where="resource ")
    if idle := sorted(set(given) - kind.takes):
        raise ConfigError(
            f"engine {name} has no use for a resource", got=idle, allowed=sorted(kind.takes), fix="leave it out"
        )
    if kind.package is not None and find_spec(kind.package) is None:
        raise MissingPackageError(kind.package, f"--engine {name}", f"pip install 'modaxfer[{name}]'")
    return Where(engine=name, jobs=_jobs(name, jobs), resources=found, given=given)


def _jobs(name: str, jobs: Any) -> int:
    if jobs is None:
        return max(1, cores() // 2) if name == "local" else MANY
    if isinstance(jobs, bool) or not str(jobs).isdecimal() or not int(jobs):
        raise ConfigError("--jobs is how many run at once", got=jobs, allowed="whole numbers from 1", fix="correct it")
    return int(jobs)
