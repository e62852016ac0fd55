"""``--set key=value``: an option belongs to the strategy, the bridge, the encoder, the training loop or the source."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from modaxfer.config import EncoderOptions, RunConfig, SourceOptions, TrainOptions, build
from modaxfer.errors import ConfigError, ModaxferError, close_matches
from modaxfer.registry import Entry, load_target, registry

__all__ = ["NoOptions", "Options", "check_options", "flatten", "full_keys", "options_class", "split_options"]

SETTINGS = {item.name for item in dataclasses.fields(RunConfig)} - {"set"}
"""What has a flag of its own."""


@dataclass(frozen=True, kw_only=True)
class NoOptions:
    """Stands for a strategy or bridge that takes none."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """All options of a run, each group as its own dataclass."""

    strategy: Any
    bridges: tuple[Any, ...]
    """One per bridge, in the order of the towers, task by task."""
    encoder: EncoderOptions
    train: TrainOptions
    source: SourceOptions = field(default_factory=SourceOptions)
    """Of what is learned before the task."""

    def flat(self) -> dict[str, Any]:
        """Return every option with its value, by full key, as ``--set`` takes them.

        A key for which two bridges have values of their own, which only defaults can be, is left out; so is what is
        not said of the source.
        """
        found: dict[str, list[Any]] = {}
        for group, options in self._groups():
            for item in dataclasses.fields(options):
                found.setdefault(f"{group}.{item.name}", []).append(getattr(options, item.name))
        usual = SourceOptions()
        own = {f"source.{name}": value for name, value in vars(self.source).items() if value != getattr(usual, name)}
        return {key: values[0] for key, values in found.items() if all(value == values[0] for value in values)} | own

    def _groups(self) -> list[tuple[str, Any]]:
        bridges = [("bridge", options) for options in self.bridges]
        return [("strategy", self.strategy), *bridges, ("encoder", self.encoder), ("train", self.train)]


def split_options(
    values: Mapping[str, Any], strategy: type | None = None, bridges: Sequence[type | None] = ()
) -> Options:
    """Sort `values` into groups and check them.

    Args:
        values: Full keys (``strategy.rank``), short keys while they are unique (``rank``), or nested mappings.
        strategy: Options dataclass of the strategy; None if it takes none.
        bridges: Options dataclass of each bridge; None if it takes none. A key that several know goes to all of them.

    Raises:
        ConfigError: A key is unknown or ambiguous, or a value is out of range.
    """
    classes = _classes(strategy)
    own = [{item.name for item in _fields(bridge)} for bridge in bridges]
    groups: dict[str, dict[str, Any]] = {group: {} for group in (*classes, "bridge")}
    for key, value in full_keys(values, strategy, bridges).items():
        group, _, name = key.partition(".")
        groups[group][name] = value
    built: dict[str, Any] = {group: build(cls, groups[group], where=f"{group}.") for group, cls in classes.items()}
    chosen = [{name: value for name, value in groups["bridge"].items() if name in names} for names in own]
    made: Any = (
        build(bridge or NoOptions, part, where="bridge.") for bridge, part in zip(bridges, chosen, strict=True)
    )
    return Options(**built, bridges=tuple(made))


def full_keys(
    values: Mapping[str, Any], strategy: type | None = None, bridges: Sequence[type | None] = ()
) -> dict[str, Any]:
    """Return `values` by full key; arguments and errors as of `split_options`, whatever the values are."""
    known = [f"{group}.{item.name}" for group, cls in _classes(strategy).items() for item in dataclasses.fields(cls)]
    known += [f"bridge.{name}" for name in sorted({item.name for bridge in bridges for item in _fields(bridge)})]
    return {_full_key(key, known): value for key, value in flatten(values).items()}


def check_options(values: Mapping[str, Any], strategy: Entry, bridges: Sequence[Entry] | None) -> None:
    """Check `values` as far as names of things allow, before anything heavy is imported.

    Args:
        values: As for `split_options`.
        strategy: The strategy.
        bridges: The bridges that will be used; None = not known yet, so an option of any bridge passes.

    Raises:
        ConfigError: A key is unknown, or a value is out of range.
    """
    if not values:
        return
    if bridges is not None:
        split_options(values, options_class(strategy), [options_class(bridge) for bridge in bridges])
        return
    names = {item.name for each in registry().all("bridge") for item in _fields(options_class(each))}
    kinds = _classes(options_class(strategy))
    own = [f"{group}.{item.name}" for group, cls in kinds.items() for item in _fields(cls)]
    known = [*own, *(f"bridge.{name}" for name in sorted(names))]
    flat = flatten(values)
    for key in flat:
        if key.rpartition(".")[0] or key not in names:  # a short key of some bridge may mean that or another's
            _full_key(key, known)
    plain = {key: value for key, value in flat.items() if key in own or (key not in names and "." not in key)}
    split_options(plain, options_class(strategy))


def options_class(entry: Entry) -> type | None:
    """Return the options dataclass of a strategy or bridge, None if it takes none."""
    return load_target(entry.spec.options) if entry.spec.options else None


def _classes(strategy: type | None) -> dict[str, type]:
    """Return the options dataclass of each group, but for bridges, of which there may be several."""
    return {
        "strategy": strategy or NoOptions,
        "encoder": EncoderOptions,
        "train": TrainOptions,
        "source": SourceOptions,
    }


def _fields(cls: type | None) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(cls or NoOptions)


def flatten(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested mappings of options as one, by full key."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= {f"{key}.{inner}": leaf for inner, leaf in value.items()}
        else:
            flat[key] = value
    return flat


def _full_key(key: str, known: list[str]) -> str:
    if key in known:
        return key
    # The source's are called like settings of the run, which they stand in for.
    known = [full for full in known if not full.startswith("source.")] if "." not in key else known
    matches = [full for full in known if full.partition(".")[2] == key]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise ConfigError(f"option {key!r} is ambiguous", got=key, allowed=matches, fix="write the full key")
    own = key.rpartition(".")[2]
    if own in SETTINGS:
        flag = "--" + own.replace("_", "-")
        raise ConfigError("a setting of the run is no option of --set", got=key, fix=f"write {flag}")
    names = [full.partition(".")[2] for full in known]
    # A name may stand in several groups, and each may be the one that is meant.
    same = [full for name in close_matches(own, names) for full in known if full.partition(".")[2] == name]
    close = close_matches(key, known) or same
    groups = sorted({full.partition(".")[0] for full in known})
    lists = "`modaxfer show strategy:NAME`, `show bridge:NAME` and `show encoder:NAME` list what they take"
    raise ConfigError(
        "unknown option",
        got=key,
        allowed=f"options of {', '.join(groups)}",
        fix=f"did you mean {' or '.join(close)}?" if close else f"{_elsewhere(own)}{lists}",
    )


def _elsewhere(name: str) -> str:
    """Say which other strategies and bridges have an option `name`; nothing where none has."""
    found = []
    for kind in ("strategy", "bridge"):
        for entry in registry().all(kind):
            try:
                known = _fields(options_class(entry))
            except ModaxferError:
                continue  # Broken code of a plugin is told where somebody asks for it.
            found += [f"{kind} {entry.name}"] if name in {item.name for item in known} else []
    return f"it is an option of {', '.join(found)}: take one of these, or leave it out; " if found else ""
