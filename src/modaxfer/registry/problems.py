"""Problems by name: their specs, which name no heavy library, and the objects behind them."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, cast

from modaxfer.errors import UnknownNameError
from modaxfer.registry.calling import call_target
from modaxfer.registry.names import matching
from modaxfer.registry.records import BUILTIN
from modaxfer.registry.register import Registry, registry

if TYPE_CHECKING:
    from modaxfer.contracts import Problem
    from modaxfer.registry.records import Entry
    from modaxfer.spec import ProblemSpec

__all__ = ["applicable_metrics", "problem_name", "problem_of", "problem_spec"]


def problem_spec(name: str) -> ProblemSpec:
    """Return the spec of the problem `name`, a short name or an id.

    Runs and configs of everybody say ``binary`` and mean the framework's: its own short names are its own, and a
    plugin's problem that is called alike needs its id.

    Raises:
        AmbiguousNameError: Several plugins bring this short name.
        UnknownNameError: No problem has this name.
    """
    return cast("ProblemSpec", _entry(name).spec)


def problem_name(name: str) -> str:
    """Return what results and saved models call the problem `name`: the framework's own by short name, others by id.

    Raises:
        AmbiguousNameError: As `problem_spec`.
        UnknownNameError: As `problem_spec`.
    """
    entry = _entry(name)
    return entry.name if entry.plugin == BUILTIN else entry.id


@cache
def problem_of(name: str) -> Problem:
    """Return the problem `name`, its code imported.

    Raises:
        AmbiguousNameError: As `problem_spec`.
        UnknownNameError: As `problem_spec`.
        PluginError: Its code cannot be imported.
    """
    return cast("Problem", call_target(problem_spec(name).target, kind="problem"))


def applicable_metrics(name: str) -> tuple[Entry, ...]:
    """Return the registered metrics that apply to the problem `name`: those that say so, and those that it names."""
    return _applicable(registry(), name)


@lru_cache
def _applicable(known: Registry, name: str) -> tuple[Entry, ...]:
    """Look through all metrics once for each problem: scores are asked for by the thousand."""
    entry = _entry(name)
    wanted = {*entry.spec.metrics, *entry.spec.more_metrics}
    names = {entry.id, problem_name(name)}
    return tuple(
        metric
        for metric in known.all("metric")
        if names & set(metric.spec.problems) or {metric.id, metric.name} & wanted
    )


def _entry(name: str) -> Entry:
    entries = registry().all("problem")
    own = next((entry for entry in entries if entry.id == f"{BUILTIN}/{name}"), None)
    namespace, _, rest = name.partition("/")
    gone = rest and namespace not in {record.namespace for record in registry().plugins}
    meant = [registry().shown(entry) for entry in entries if name.lower() in entry.spec.also_called]
    if own is None and (meant or gone) and not matching(name, entries):
        known = sorted(registry().shown(entry) for entry in entries)
        fix = f"did you mean {' or '.join(meant)}? `modaxfer list problems` shows all"
        raise UnknownNameError(
            "problem", name, known, fix=f"install the plugin {namespace!r}, which brings it" if gone else fix
        )
    return own or registry().get("problem", name)
