"""How rows enter the encoder: a way for each kind, with its sources, its bridge and those who teach of such rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modaxfer.contracts import Criterion
from modaxfer.encoders.checkpoints import ResolvedEncoder
from modaxfer.errors import RefusedError
from modaxfer.pretraining.labelled import Labelled
from modaxfer.pretraining.reading import find_bridge
from modaxfer.pretraining.roots import common_root
from modaxfer.pretraining.sources import Source
from modaxfer.registry import Entry, load_target, registry
from modaxfer.spec import ObjectiveSpec

__all__ = ["Way", "find_ways"]


@dataclass(frozen=True, kw_only=True)
class Way:
    """Rows of one kind on their way into the encoder."""

    kind: str
    """Signal kind of the rows."""
    places: tuple[int, ...]
    """Of its sources among all."""
    sources: tuple[Source, ...]
    weights: tuple[float, ...]
    """Of each source, in all 1."""
    share: float
    """Of all steps."""
    bridge: Entry
    teachers: tuple[tuple[ResolvedEncoder, Entry], ...]
    """Each with the bridge from the rows to it."""

    @property
    def root(self) -> Path | None:
        """Folder that paths of images and sounds are relative to, once they are `placed`."""
        return common_root(source.root for source in self.sources)

    @property
    def labels(self) -> Mapping[str, Criterion]:
        """What the labels of each task ask of a head, by its id; none where no label is read."""
        return {source.task_id: source.labels for source in self.sources if isinstance(source, Labelled)}

    def options(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return what of `asked` is an option of its bridge."""
        if not self.bridge.spec.options:
            return {}
        known = {item.name for item in dataclasses.fields(load_target(self.bridge.spec.options))}
        return {key: value for key, value in asked.items() if key in known}


def find_ways(
    sources: Sequence[Source],
    weights: Sequence[float],
    student: ResolvedEncoder,
    teachers: Sequence[ResolvedEncoder],
    objective: ObjectiveSpec,
    wanted: str | None,
) -> tuple[Way, ...]:
    """Return a way for each kind of rows, in the order of the sources.

    Args:
        sources: Of any kinds.
        weights: Of each source, in all 1.
        student: The encoder that learns.
        teachers: Of rows of one kind all teach; of several kinds each teaches of the kind that it takes as it is.
        objective: What is learned by.
        wanted: Bridge that is asked for, of one of the kinds at least.

    Raises:
        RefusedError: No bridge leads from rows to an encoder, what it ends in is not for the objective, or nobody
            teaches of a kind of rows.
    """
    kinds = list(dict.fromkeys(source.kind for source in sources))
    _refuse_idle(teachers, kinds)
    ways = []
    for kind in kinds:
        places = tuple(place for place, source in enumerate(sources) if source.kind == kind)
        share = sum(weights[place] for place in places)
        bridge = find_bridge(student, kind, _for_kind(wanted, kind, kinds))
        _refuse_sink(bridge, objective)
        own = [each for each in teachers if len(kinds) == 1 or _takes(each) == kind]
        if teachers and not own:
            raise RefusedError(
                f"nobody teaches of rows of {kind}: of several kinds, each teacher teaches of the one that it takes",
                got={each.checkpoint: _takes(each) for each in teachers}, allowed=kinds,
                fix=f"name an encoder of {kind} with --teacher, too",
            )  # fmt: skip
        ways.append(
            Way(
                kind=kind,
                places=places,
                sources=tuple(sources[place] for place in places),
                weights=tuple(weights[place] / share for place in places),
                share=share,
                bridge=bridge,
                teachers=tuple((each, find_bridge(each, objective.beside or kind, None)) for each in own),
            )
        )
    return tuple(ways)


def _takes(encoder: ResolvedEncoder) -> str:
    """Return the kind of rows that an encoder takes as it is."""
    return encoder.spec.inputs[0].kind


def _for_kind(wanted: str | None, kind: str, kinds: Sequence[str]) -> str | None:
    """Return the bridge that is asked for where it is one for these rows, or where it is one for none."""
    if wanted is None or len(kinds) == 1:
        return wanted
    fits = registry().get("bridge", wanted).spec.sources
    return wanted if kind in fits or not fits & set(kinds) else None


def _refuse_idle(teachers: Sequence[ResolvedEncoder], kinds: Sequence[str]) -> None:
    idle = [each.checkpoint for each in teachers if len(kinds) > 1 and _takes(each) not in kinds]
    if idle:
        raise RefusedError(
            "of rows of several kinds, each teacher teaches of the kind that it takes, and some take none of them",
            got=idle, allowed=f"encoders of {' and '.join(kinds)}", fix="leave them out of --teacher",
        )  # fmt: skip


def _refuse_sink(bridge: Entry, objective: ObjectiveSpec) -> None:
    if objective.inputs and bridge.spec.sink not in objective.inputs:
        raise RefusedError(
            f"objective {objective.name} does not work on what the encoder takes here",
            got=bridge.spec.sink, allowed=objective.inputs,
            fix="choose another encoder, other rows or another objective (`modaxfer list objectives`)",
        )  # fmt: skip
