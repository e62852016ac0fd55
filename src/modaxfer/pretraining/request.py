"""From what was asked for to what will be pretrained, or a refusal; no weight is loaded here."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modaxfer.config import EncoderOptions, build
from modaxfer.encoders.checkpoints import ResolvedEncoder, resolve, resolve_architecture
from modaxfer.encoders.weight_files import has_weights
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.pretraining.asked_sources import weighted_sources
from modaxfer.pretraining.config import PretrainingConfig
from modaxfer.pretraining.labelled import Labelled
from modaxfer.pretraining.probes import Probe, find_probe
from modaxfer.pretraining.reading import bridge_options
from modaxfer.pretraining.sources import Source
from modaxfer.pretraining.ways import Way, find_ways
from modaxfer.registry import Entry, load_target, registry
from modaxfer.runner.model.seen import SeenRows, seen_before

__all__ = ["MAY_CHANGE", "Groups", "ResolvedPretraining", "resolve_pretraining"]


SIZES = {
    "vit:tiny": "modaxfer.encoders.designs:vit_tiny",
    "wav2vec2:tiny": "modaxfer.encoders.designs:wav2vec2_tiny",
}
"""Folders of architectures that have a name, and no weights where no plugin brings some."""

MAY_CHANGE = ("validate_every", "checkpoint_minutes", "device", "data_dir", "output", "workers")
"""Settings that a resumed pretraining may have otherwise; ``steps`` too, where the rate is constant."""


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Options of ``--set``, by what they are of."""

    objective: Mapping[str, Any]
    bridge: Mapping[str, Any]
    encoder: EncoderOptions


@dataclass(frozen=True, kw_only=True)
class ResolvedPretraining:
    """Everything that a pretraining needs; nothing of it can be refused any more."""

    config: PretrainingConfig
    objective: Entry
    objective_options: Any
    groups: Groups
    student: ResolvedEncoder
    pretrained: bool
    """Whether the encoder starts from weights that it has."""
    ways: tuple[Way, ...]
    """How rows enter, one for each kind."""
    sources: tuple[Source, ...]
    weights: tuple[float, ...]
    """Of each source, in all 1."""
    probes: tuple[Probe, ...]

    @property
    def kinds(self) -> str:
        """Signal kinds of the rows, for people."""
        return " and ".join(way.kind for way in self.ways)

    @property
    def seen(self) -> tuple[SeenRows, ...]:
        """Which labelled rows the encoder will have learned from: now, before, and by way of its teachers."""
        before = ([self.student] if self.pretrained else []) + [each for way in self.ways for each, _ in way.teachers]
        found = [rows for encoder in before for rows in seen_before(encoder)]
        found += [source.seen for source in self.sources if isinstance(source, Labelled)]
        return tuple({rows.key: rows for rows in found}.values())


def resolve_pretraining(config: PretrainingConfig) -> ResolvedPretraining:
    """Choose everything that `config` asks for, and refuse what cannot work.

    Raises:
        ConfigError: Something is missing from the request, or an option does not exist.
        UnknownNameError: A name is not registered.
        RefusedError: The combination cannot be trained.
        DataError: Rows cannot be had.
        CheckpointUnavailableError: An encoder cannot be had.
    """
    _refuse_gaps(config)
    objective = registry().get("objective", config.objective)
    _refuse_teacher(config, objective)
    _refuse_several_teachers(config, objective)
    _refuse_label(config, objective)
    student = _student(config.encoder)
    _refuse_architecture(student, objective)
    pretrained = _pretrained(config, student)
    sources, weights = weighted_sources(config, objective.spec)
    teachers = [resolve(name) for name in config.teacher]
    ways = find_ways(sources, weights, student, teachers, objective.spec, config.bridge)
    groups = _groups(config, objective, [way.bridge for way in ways])
    options = load_target(objective.spec.options) if objective.spec.options else None
    for way in ways:
        bridge_options(way.bridge, way.options(groups.bridge))
        student.layout(way.bridge.spec.sink, groups.encoder)
    kinds = [way.kind for way in ways]
    return ResolvedPretraining(
        config=config,
        objective=objective,
        objective_options=build(options, groups.objective, where="objective.") if options else None,
        groups=groups,
        student=student,
        pretrained=pretrained,
        ways=ways,
        sources=sources,
        weights=weights,
        probes=tuple(find_probe(name, kinds, config.data_dir, config.seed) for name in config.probe),
    )


def _student(name: str) -> ResolvedEncoder:
    """Return the encoder that learns: one without weights is known by its config."""
    registered = {entry.name for entry in registry().all("checkpoint")}
    folder = Path(name).expanduser()
    if name in SIZES and name.replace(":", "-") not in registered:
        folder = load_target(SIZES[name])()
    bare = (folder / "config.json").is_file() and not has_weights(folder)
    return resolve_architecture(folder) if bare else resolve(name)


def _refuse_gaps(config: PretrainingConfig) -> None:
    missing = [f"--{name}" for name in ("encoder", "objective", "data") if not getattr(config, name)]
    if missing:
        raise ConfigError(
            f"a pretraining needs {' and '.join(missing)}",
            fix="for example modaxfer pretrain --encoder ./folder --objective masked-image --data photos/",
        )


def _refuse_teacher(config: PretrainingConfig, objective: Entry) -> None:
    if objective.spec.teacher and not config.teacher:
        raise ConfigError(f"objective {objective.name} learns from a teacher", fix="name an encoder with --teacher")
    if config.teacher and not objective.spec.teacher:
        able = [entry.name for entry in registry().all("objective") if entry.spec.teacher]
        raise ConfigError(
            f"objective {objective.name} has no teacher", got=config.teacher, allowed=able, fix="leave --teacher out"
        )


def _refuse_several_teachers(config: PretrainingConfig, objective: Entry) -> None:
    if objective.spec.beside and len(config.teacher) > 1:
        raise ConfigError(
            f"objective {objective.name} has one teacher, which reads the {objective.spec.beside}s",
            got=config.teacher, fix="name one --teacher",
        )  # fmt: skip


def _refuse_label(config: PretrainingConfig, objective: Entry) -> None:
    if config.label is not None and not objective.spec.labels:
        able = [entry.name for entry in registry().all("objective") if entry.spec.labels]
        raise ConfigError(
            f"objective {objective.name} reads no labels", got=f"--label {config.label}", allowed=able,
            fix="leave --label out",
        )  # fmt: skip


def _refuse_architecture(student: ResolvedEncoder, objective: Entry) -> None:
    able, got = objective.spec.model_types, getattr(student.config, "model_type", student.spec.name)
    if able and got not in able:
        raise RefusedError(
            f"objective {objective.name} works on other architectures", got=got, allowed=able,
            fix="choose another encoder, or another objective (`modaxfer list objectives`)",
        )  # fmt: skip


def _pretrained(config: PretrainingConfig, student: ResolvedEncoder) -> bool:
    if not student.spec.pretrained:
        raise RefusedError(
            f"encoder {student.spec.name} is no architecture of Transformers and cannot be pretrained yet",
            got=student.checkpoint, fix="choose another encoder",
        )  # fmt: skip
    has = student.snapshot is not None or student.stored is not None or has_weights(student.folder)
    if config.weights == "pretrained" and not has:
        raise ConfigError("the encoder has no weights to start from", got=config.encoder, fix="--weights random")
    return has and config.weights != "random"


def _groups(config: PretrainingConfig, objective: Entry, bridges: Sequence[Entry]) -> Groups:
    """Sort the options of ``--set``; one of a bridge is given to each bridge that has it."""
    named = {"objective": [objective.spec.options], "bridge": [bridge.spec.options for bridge in bridges]}
    known = {group: _option_names(names) for group, names in named.items()}
    known["encoder"] = [each.name for each in dataclasses.fields(EncoderOptions)]
    found: dict[str, dict[str, Any]] = {group: {} for group in known}
    for key, value in config.set.items():
        group, dot, name = key.rpartition(".")
        homes = [group] if dot else [each for each, names in known.items() if name in names]
        if len(homes) != 1 or name not in known.get(homes[0], ()):
            allowed = [f"{each}.{one}" for each, names in known.items() for one in names]
            raise ConfigError("there is no such option, or several", got=key, allowed=allowed, fix="correct --set")
        found[homes[0]][name] = value
    return Groups(
        objective=found["objective"],
        bridge=found["bridge"],
        encoder=build(EncoderOptions, found["encoder"], where="encoder."),
    )


def _option_names(targets: Sequence[str]) -> list[str]:
    """Return the names of options of several dataclasses; an empty target has none."""
    found = [item.name for target in targets if target for item in dataclasses.fields(load_target(target))]
    return list(dict.fromkeys(found))
