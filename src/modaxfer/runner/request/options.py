"""``--set key=value``: every option belongs to the strategy, the bridge, the encoder or the training loop."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modaxfer.config import EncoderOptions, RunConfig, TrainOptions, build
from modaxfer.errors import ConfigError, close_matches
from modaxfer.registry import Entry, load_target, registry

__all__ = ["NoOptions", "Options", "check_options", "flatten", "options_class", "split_options"]

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

    def flat(self) -> dict[str, Any]:
        """Return every option with its value, by full key, as ``--set`` takes them.

        A key for which two bridges have values of their own, which only defaults can be, is left out.
        """
        found: dict[str, list[Any]] = {}
        for group, options in self._groups():
            for item in dataclasses.fields(options):
                found.setdefault(f"{group}.{item.name}", []).append(getattr(options, item.name))
        return {key: values[0] for key, values in found.items() if all(value == values[0] for value in values)}

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
    classes = {"strategy": strategy or NoOptions, "encoder": EncoderOptions, "train": TrainOptions}
    known = [f"{group}.{item.name}" for group, cls in classes.items() for item in dataclasses.fields(cls)]
    own = [{item.name for item in dataclasses.fields(bridge or NoOptions)} for bridge in bridges]
    known += [f"bridge.{name}" for name in sorted(set().union(*own))]
    groups: dict[str, dict[str, Any]] = {group: {} for group in (*classes, "bridge")}
    for key, value in flatten(values).items():
        group, _, name = _full_key(key, known).partition(".")
        groups[group][name] = value
    built: dict[str, Any] = {group: build(cls, groups[group], where=f"{group}.") for group, cls in classes.items()}
    chosen = [{name: value for name, value in groups["bridge"].items() if name in names} for names in own]
    made: Any = (
        build(bridge or NoOptions, part, where="bridge.") for bridge, part in zip(bridges, chosen, strict=True)
    )
    return Options(**built, bridges=tuple(made))


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
    kinds = {"strategy": options_class(strategy), "encoder": EncoderOptions, "train": TrainOptions}
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
    matches = [full for full in known if full.partition(".")[2] == key]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise ConfigError(f"option {key!r} is ambiguous", got=key, allowed=matches, fix="write the full key")
    own = key.rpartition(".")[2]
    if own in SETTINGS:
        flag = "--" + own.replace("_", "-")
        raise ConfigError("a setting of the run is no option of --set", got=key, fix=f"write {flag}")
    short = {full.partition(".")[2]: full for full in known}
    close = close_matches(key, known) or [short[name] for name in close_matches(key.rpartition(".")[2], short)]
    groups = sorted({full.partition(".")[0] for full in known})
    lists = "`modaxfer show strategy:NAME`, `show bridge:NAME` and `show encoder:NAME` list what they take"
    raise ConfigError(
        "unknown option",
        got=key,
        allowed=f"options of {', '.join(groups)}",
        fix=f"did you mean {' or '.join(close)}?" if close else lists,
    )
