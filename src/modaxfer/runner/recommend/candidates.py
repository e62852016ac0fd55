"""Which encoders could take the task on this machine, and why the others cannot; no weight is loaded here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from modaxfer.bridges.seen import signal_seen
from modaxfer.encoders.checkpoints import ResolvedEncoder
from modaxfer.encoders.choice import Absent, checkpoints_here
from modaxfer.errors import ModaxferError, RefusedError
from modaxfer.registry import registry
from modaxfer.runner.recommend.question import Question
from modaxfer.runner.request.asked_scores import refuse_other_scores
from modaxfer.runner.request.request import find_tasks, read_request
from modaxfer.runner.request.resolve import resolve_tasks
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.tasks.load import load_task
from modaxfer.tasks.memory import Memory

__all__ = ["Candidate", "Found", "Refused", "find_candidates"]

PROBED = "frozen"
"""The strategy whose way from rows to features is gone to judge an encoder."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One checkpoint of an encoder, and what it could be trained with."""

    name: str
    """What ``--encoder`` takes."""
    encoder: ResolvedEncoder
    bridge: str
    """Id of the bridge from the task to it."""
    native: bool
    """Whether it was pretrained on what the bridge shows it; of random weights, whether it is made for such rows."""
    scored: bool
    """Whether its frozen features can be judged: it has weights, and nothing in front of them has to be trained."""
    cells: Mapping[str, ResolvedTask]
    """By strategy, a run of it, not refused."""

    @property
    def log_parameters(self) -> float:
        """Decimal logarithm of the weights of its body, by ``12 depth width^2`` (Kaplan et al. 2020, table 1)."""
        import math

        return math.log10(12 * max(self.encoder.depth, 1) * self.encoder.hidden_size**2)


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A candidate, or one strategy of it, that cannot take the task."""

    encoder: str
    strategy: str
    """Empty where no strategy can."""
    reason: str


@dataclass(kw_only=True)
class Found:
    """All that could be chosen, and what could not."""

    candidates: list[Candidate] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    absent: Sequence[Absent] = ()
    """Checkpoints that are not on this machine; nothing is known of them."""


def find_candidates(question: Question, memory: Memory) -> Found:
    """Resolve every named encoder, or every one with weights here, with every strategy.

    A registered encoder stands for all of its checkpoints on this machine.

    Raises:
        RefusedError: Not one candidate can take the task.
        ModaxferError: The task cannot be read.
    """
    _refuse_scores(question, memory)
    here, absent = checkpoints_here()
    found = Found(absent=absent if not question.choices.encoder else ())
    for name in _names(question, here):
        made = _candidate(question, name, memory, found.refused)
        if made is not None:
            found.candidates.append(made)
    if not found.candidates:
        raise RefusedError(
            "no candidate can take this task",
            got="; ".join(f"{each.encoder}: {each.reason}" for each in found.refused[:3]),
            fix="name another --encoder, or install weights: `modaxfer list checkpoints`",
        )
    return found


def _refuse_scores(question: Question, memory: Memory) -> None:
    """Refuse metrics, thresholds and costs that do not fit the task: no candidate is to blame for them."""
    config = question.settings
    ((_, task),) = find_tasks(config)
    data = load_task(
        task, data_dir=config.data_dir, seed=config.seed, limit=config.limit, on_bad_row=config.on_bad_row,
        memory=memory,
    )  # fmt: skip
    refuse_other_scores(config, task, data)


def _names(question: Question, here: Mapping[str, str]) -> Iterator[str]:
    """Yield what ``--encoder`` takes for each candidate, once."""
    asked = question.choices.encoder or tuple(here)
    known = {called for entry in registry().all("encoder") for called in (entry.name, entry.id)}
    names = [
        each
        for name in asked
        for each in ([one for one, encoder in here.items() if _is_of(name, encoder)] if name in known else ()) or [name]
    ]
    yield from dict.fromkeys(names)


def _is_of(name: str, encoder: str) -> bool:
    entry = registry().get("encoder", name)
    return encoder in (entry.name, entry.id)


def _candidate(question: Question, name: str, memory: Memory, refused: list[Refused]) -> Candidate | None:
    cells: dict[str, ResolvedTask] = {}
    reasons: dict[str, str] = {}
    for strategy in dict.fromkeys((*question.choices.strategy, PROBED)):
        try:
            cells[strategy] = _resolved(question, name, strategy, memory)
        except ModaxferError as error:
            if error.exit_status != 2 or _concerns_all(error):
                raise
            reasons[strategy] = " ".join(str(error).split())
    chosen = {strategy: cells[strategy] for strategy in question.choices.strategy if strategy in cells}
    if not chosen:
        why = dict.fromkeys(reasons.values())
        refused.append(Refused(encoder=name, strategy="", reason="; ".join(why)))
        return None
    refused += [Refused(encoder=name, strategy=strategy, reason=why) for strategy, why in reasons.items()
                if strategy in question.choices.strategy]  # fmt: skip
    return _described(name, chosen, cells.get(PROBED))


def _concerns_all(error: ModaxferError) -> bool:
    """Tell whether the task itself is wrong, with whatever encoder."""
    from modaxfer.errors import DataError

    return isinstance(error, DataError)


def _resolved(question: Question, name: str, strategy: str, memory: Memory) -> ResolvedTask:
    config = question.cell(name, strategy)
    request = read_request(config)
    (encoder,) = request.encoders
    if not encoder.spec.pretrained and strategy != "full":
        raise RefusedError(
            "its weights are random: there is nothing to keep", got=f"--strategy {strategy}", fix="train it as a whole",
        )  # fmt: skip
    (resolved,) = resolve_tasks(config, request, memory)
    return resolved


def _described(name: str, chosen: dict[str, ResolvedTask], probed: ResolvedTask | None) -> Candidate:
    any_cell = next(iter(chosen.values()))
    (tower,) = any_cell.towers
    kinds = {field.signal.kind for field in tower.fields}
    return Candidate(
        name=name,
        encoder=tower.encoder,
        bridge=tower.bridge.id,
        native=_is_native(tower.encoder, kinds, signal_seen(kinds, tower.bridge.spec.sink)),
        scored=probed is not None and tower.encoder.spec.pretrained and _is_solved(probed),
        cells=chosen if probed is None else {**chosen, PROBED: probed} if PROBED in chosen else chosen,
    )


def _is_native(encoder: ResolvedEncoder, kinds: set[str], seen: str) -> bool:
    if not encoder.spec.pretrained:
        return kinds <= set(encoder.spec.made_for)
    return bool(seen) and seen in _trained_on(encoder)


def _is_solved(resolved: ResolvedTask) -> bool:
    """Tell whether its plan reads frozen features of whole rows and fits a head to them."""
    return not resolved.towers[0].bridge.spec.trained and all(
        phase.solver is not None for phase in resolved.plan.phases
    )


def _trained_on(encoder: ResolvedEncoder) -> tuple[str, ...]:
    """Return what a checkpoint has seen; where that is not said, the signal that its architecture is made for."""
    specs: dict[str, Any] = {}
    for entry in registry().all("checkpoint"):
        specs |= {entry.id: entry.spec, **({entry.spec.hub_id: entry.spec} if entry.spec.hub_id else {})}
    spec = specs.get(encoder.checkpoint)
    if spec is not None and spec.trained_on:
        return tuple(spec.trained_on)
    return (encoder.spec.inputs[0].kind,)
