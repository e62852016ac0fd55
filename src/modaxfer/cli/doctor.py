"""``modaxfer doctor``: what this machine has, what a run would use, and what to mend."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from modaxfer.cli.command import Command
from modaxfer.cli.optional_packages import ABSENT, FINE, OPTIONAL, probe_all
from modaxfer.cli.output import print_details, print_json, print_lines, print_table
from modaxfer.registry import registry
from modaxfer.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Fault", "doctor", "examine"]

DEADLINE = 3.0
"""Seconds until a network that does not answer counts as unreachable."""

_SECRET = ("TOKEN", "KEY", "SECRET", "PASSWORD")
_GIGABYTE = 10**9
_LITTLE_DISK, _LITTLE_MEMORY = 5 * _GIGABYTE, 2 * _GIGABYTE


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that is not as it should be."""

    what: str
    fix: str
    essential: bool = False
    """Whether no run can succeed before it is mended."""


@click.command("doctor", cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Examine Python, libraries, devices, plugins, checkpoints and network. Exit status 1 if something is broken."""
    findings, problems = examine()
    if as_json:
        print_json({**findings, "problems": problems})
    else:
        _print(findings, problems)
    if any(problem.essential for problem in problems):
        context.exit(1)


def examine() -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """Return what was found, by section, and what is wrong with it; never raises and never waits long."""
    findings: dict[str, Any] = {}
    problems: list[Fault] = []
    for name, (look, judge) in _SECTIONS.items():
        try:
            findings[name] = look()
            problems += judge(findings[name])
        except Exception as error:  # a doctor reports whatever is broken, in whatever way, and goes on
            findings.setdefault(name, {})
            what = f"{name} could not be examined: {type(error).__name__}: {error}"
            problems.append(Fault(what=what, fix=_REPAIR.get(name, "mend what the message names"), essential=True))
    return findings, tuple(problems)


def _python() -> dict[str, Any]:
    return {"version": platform.python_version(), "executable": sys.executable, "platform": platform.platform()}


def _versions() -> dict[str, str | None]:
    """Version of each library that modaxfer requires; None where it is not installed."""
    return {"modaxfer": __version__, **{item.name: _installed(item.name) for item in _requirements()}}


def _wrong_versions(found: dict[str, str | None]) -> list[Fault]:
    problems = []
    for item in _requirements():
        have = found[item.name]
        if have is None or not item.specifier.contains(have, prereleases=True):
            what = f"{item.name} is {'not installed' if have is None else have}, needed is {item.specifier or 'any'}"
            problems.append(Fault(what=what, fix=f"pip install '{item.name}{item.specifier}'", essential=True))
    return problems


def _compute() -> dict[str, Any]:
    import torch

    from modaxfer.runner.processes.precision import choose_device, choose_precision

    cuda = [
        {
            "name": torch.cuda.get_device_name(index),
            "capability": ".".join(map(str, torch.cuda.get_device_capability(index))),
            "memory_mb": torch.cuda.get_device_properties(index).total_memory // 10**6,
        }
        for index in range(torch.cuda.device_count())
    ]
    device = choose_device("auto")
    return {
        "processors": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "cuda": cuda,
        "cpu_bf16": _cpu_bf16(),
        "device_auto": device.type,
        "precision_auto": choose_precision("auto", device),
    }


def _few_threads(found: dict[str, Any]) -> list[Fault]:
    given = os.environ.get("OMP_NUM_THREADS")
    if given is None or found["torch_threads"] >= (found["processors"] or 1) / 2:
        return []
    what = f"torch computes on {found['torch_threads']} of {found['processors']} processors (OMP_NUM_THREADS={given})"
    return [Fault(what=what, fix="unset OMP_NUM_THREADS, unless other work needs the rest")]


def _cpu_bf16(path: Path = Path("/proc/cpuinfo")) -> list[str]:
    """Return the instruction sets with which this CPU multiplies bf16 natively; empty where that is not known."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    flags = {flag for line in lines if line.startswith("flags") for flag in line.split()}
    return sorted(flags & {"amx_bf16", "avx512_bf16"})


def _bad_optional(found: dict[str, str]) -> list[Fault]:
    """Judge packages that others import where they find them: without them everything works."""
    return [
        Fault(
            what=f"{name} {state} ({OPTIONAL[name]}); modaxfer does not need it",
            fix=f"pip uninstall -y {name}",
            essential=name in ("torchvision", "torchaudio") and not state.startswith("prints"),
        )
        for name, state in found.items()
        if state not in (FINE, ABSENT)
    ]


def _memory() -> dict[str, int]:
    # Comes with accelerate; it has no types, and no stubs are required for one call.
    memory = import_module("psutil").virtual_memory()
    return {"total_mb": memory.total // 10**6, "available_mb": memory.available // 10**6}


def _little_memory(found: dict[str, int]) -> list[Fault]:
    if found["available_mb"] * 10**6 >= _LITTLE_MEMORY:
        return []
    return [Fault(what=f"{found['available_mb']} MB of memory are free", fix="close other programs, or use --limit")]


def _cache() -> dict[str, Any]:
    from modaxfer.data.download import cache_folder

    folder = cache_folder()
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return {
        "folder": str(folder),
        "free_mb": shutil.disk_usage(there).free // 10**6,
        "writable": _can_write(there),
    }


def _can_write(folder: Path) -> bool:
    """Try it: permission bits say little to root, on read-only mounts and on network drives."""
    try:
        with TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _bad_cache(found: dict[str, Any]) -> list[Fault]:
    fix = "set MODAXFER_CACHE to another folder"
    problems = []
    if not found["writable"]:
        problems.append(Fault(what=f"the cache {found['folder']} cannot be written", fix=fix, essential=True))
    if found["free_mb"] * 10**6 < _LITTLE_DISK:
        what = f"the disk of the cache has {found['free_mb']} MB left"
        problems.append(Fault(what=what, fix=f"free some, or {fix}"))
    return problems


def _plugins() -> list[dict[str, Any]]:
    names = ("namespace", "distribution", "version", "state", "stage", "error")
    return [{name: str(getattr(record, name)) for name in names} for record in registry().plugins]


def _bad_plugins(found: list[dict[str, Any]]) -> list[Fault]:
    fix = "mend, upgrade or uninstall it; `modaxfer plugins show NAMESPACE` says more"
    return [Fault(what=line, fix=fix) for line in (*registry().failures, *registry().notices)]


def _checkpoints() -> list[dict[str, Any]]:
    """Every registered checkpoint with weights and where they are: in a package, in the hub's cache, or not here."""
    from modaxfer.encoders.hub import cached

    found = []
    for entry in registry().all("checkpoint"):
        spec, encoder = entry.spec, registry().encoder_of(entry)
        if encoder is not None and not encoder.spec.pretrained:
            continue
        if spec.hub_id:
            here = "cached" if cached(spec.hub_id, spec.revision or None) else ""
        else:
            here = f"installed {have}" if (have := _installed(spec.distribution)) else ""
        install = spec.install or (f"pip install {spec.distribution}" if spec.distribution else "")
        origin = spec.hub_id or spec.distribution
        found.append({"id": entry.id, "encoder": spec.encoder, "from": origin, "here": here, "install": install})
    return found


def _no_weights(found: list[dict[str, Any]]) -> list[Fault]:
    if any(item["here"] for item in found):
        return []
    offered = [item["install"] for item in found if item["install"]]
    fix = (
        f"run `{offered[0]}`" if offered else "install a plugin that ships weights, or name a folder with --checkpoint"
    )
    return [Fault(what="no pretrained weights are on this machine; each run needs the hub", fix=fix)]


def _network() -> dict[str, str]:
    """Ask the hub for a sign of life, unless ``HF_HUB_OFFLINE`` forbids it."""
    from modaxfer.data.download import UnavailableError, offline, within

    endpoint = _without_login(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    found = {"hub": endpoint}
    if offline():
        return found | {"state": "switched off by HF_HUB_OFFLINE"}
    try:
        return found | {"state": str(within(DEADLINE, lambda: _answer(endpoint)))}
    except UnavailableError as error:
        return found | {"state": "unreachable", "reason": str(error)}


def _answer(endpoint: str) -> str:
    if urlsplit(endpoint).scheme not in ("http", "https"):
        raise ValueError("HF_ENDPOINT must begin with http:// or https://")
    request = urllib.request.Request(endpoint, method="HEAD")  # noqa: S310 - the scheme is checked above
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE):  # noqa: S310
            return "reachable"
    except urllib.error.HTTPError as error:
        return f"reachable, answers {error.code}"


def _no_network(found: dict[str, str]) -> list[Fault]:
    if found["state"] != "unreachable":
        return []
    fix = "set HF_HUB_OFFLINE=1, give data with --data-dir, and use checkpoints that are here"
    return [Fault(what=f"the hub {found['hub']} is unreachable ({found['reason']})", fix=fix)]


def _environment() -> dict[str, str]:
    """Variables that change what modaxfer does; secrets are hidden."""
    names = sorted(name for name in os.environ if name.startswith(("MODAXFER_", "HF_")))
    return {name: _masked(name, os.environ[name]) for name in names}


def _masked(name: str, value: str) -> str:
    if any(word in name for word in _SECRET):
        return "(set, hidden)"
    return _without_login(value)


def _without_login(address: str) -> str:
    """Leave user and password out of an address."""
    scheme, separator, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


def _nothing(found: object) -> list[Fault]:
    return []


def _requirements() -> list[Any]:
    """Return what modaxfer requires here, extras left out, as `packaging` requirements."""
    from packaging.requirements import Requirement

    parsed = [Requirement(text) for text in requires("modaxfer") or ()]
    return [item for item in parsed if item.marker is None or item.marker.evaluate({"extra": ""})]


def _installed(distribution: str) -> str | None:
    try:
        return version(distribution)
    except (PackageNotFoundError, ValueError):  # ValueError: a checkpoint of no distribution
        return None


_SECTIONS: dict[str, tuple[Callable[[], Any], Callable[[Any], list[Fault]]]] = {
    "python": (_python, _nothing),
    "versions": (_versions, _wrong_versions),
    "optional": (probe_all, _bad_optional),
    "compute": (_compute, _few_threads),
    "memory": (_memory, _little_memory),
    "cache": (_cache, _bad_cache),
    "plugins": (_plugins, _bad_plugins),
    "checkpoints": (_checkpoints, _no_weights),
    "network": (_network, _no_network),
    "environment": (_environment, _nothing),
}
"""How each section is looked at, and how what was found is judged."""

_REPAIR = {
    "versions": "pip install --force-reinstall modaxfer",
    "compute": "pip install --force-reinstall torch",
    "memory": "pip install --force-reinstall psutil",
    "plugins": "unset MODAXFER_STRICT, or mend the plugin that the message names",
    "checkpoints": "unset MODAXFER_STRICT, or mend the plugin that the message names",
}


def _print(findings: dict[str, Any], problems: tuple[Fault, ...]) -> None:
    for name, values in findings.items():
        if name == "checkpoints":
            _print_checkpoints(values)
        elif isinstance(values, list):
            columns = list(dict.fromkeys(key for row in values for key in row))
            print_table(columns, [[row.get(key, "") for key in columns] for row in values], title=name.upper())
        else:
            print_details(
                name.upper(), {key: "not installed" if value is None else value for key, value in values.items()}
            )
        print_lines()
    if not problems:
        print_lines("No problems found.")
    for problem in sorted(problems, key=lambda problem: not problem.essential):
        print_lines(f"{'BROKEN' if problem.essential else 'note'}: {problem.what}\n  fix: {problem.fix}")


def _print_checkpoints(found: Sequence[dict[str, Any]]) -> None:
    """Print ids and commands whole, however narrow the terminal is: they are to be pasted."""
    print_details("CHECKPOINTS", {row["id"]: f"{row['from']} ({row['here'] or 'not here'})" for row in found})
    missing = dict.fromkeys(row["install"] for row in found if row["install"] and not row["here"])
    if missing:
        print_lines("\n".join(["to install what is not here:", *(f"  {command}" for command in missing)]))
