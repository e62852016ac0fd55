"""Declarative transfer plans. A strategy writes one; the runner reads it and never asks who wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from modaxfer.errors import RefusedError
from modaxfer.plan_context import PlanContext
from modaxfer.plan_facts import Merge, Privacy
from modaxfer.plan_parts import Moving, Parameters, Part, parts_of, unrated
from modaxfer.plan_streams import Component, Correction, Extra, Labels, Refresh, Role, Sampling, Stream, View
from modaxfer.ramp import Ramp

__all__ = [
    "SCORE",
    "SUM",
    "SUPERVISED",
    "AdapterSpec",
    "After",
    "Alternate",
    "Component",
    "Correction",
    "Extra",
    "Fusion",
    "Labels",
    "LossTerm",
    "Merge",
    "Moving",
    "Parameters",
    "Part",
    "Phase",
    "Plan",
    "PlanContext",
    "Privacy",
    "Ramp",
    "Reads",
    "Refresh",
    "Role",
    "Sampling",
    "Solver",
    "Stream",
    "Together",
    "View",
]


@dataclass(frozen=True, kw_only=True)
class AdapterSpec:
    """What peft attaches, and where. `options` go to the peft config of `method` as they are."""

    method: str = "lora"
    targets: tuple[str, ...] = ()
    """Module names inside the body; at least one must match."""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Solver:
    """A head fitted in closed form instead of by gradient.

    `target` names ``fit(context: modaxfer.contracts.SolverContext, options) -> modaxfer.contracts.Fitted``. It is given
    features and targets of its phase's streams; losses and rates of the phase play no part.
    """

    target: str
    options: Any = None
    several: bool = False
    """Whether it takes the features of several encoders; a run of several is refused where it does not."""
    sample_rows: int | None = None
    """It chooses on all layers of at most so many training rows, drawn at random, and asks for what it has chosen of
    all: `modaxfer.contracts.LayerFeatures.read`. None = it is given all layers of all rows, however many there are."""
    plain: Solver | None = None
    """Of one that adapts over several streams: what fits the head to one labelled stream alone, as in the run's bounds,
    see `modaxfer.runner.request.bounds`."""


@dataclass(frozen=True, kw_only=True)
class Fusion:
    """How the features of several encoders become one prediction.

    `head` names a registered head, built as ``target(widths=, outputs=, dropout=, options=)``, that takes ``[batch, n +
    sum(widths)]``: first one number per encoder, 1 where its fields are there and 0 where they are missing, then their
    features.
    """

    head: str = "modaxfer/fusion"
    options: Mapping[str, Any] = field(default_factory=dict)
    segments: int = 0
    """0: one pooled vector per encoder. k: the mean of each k-th part of its real tokens, ``[k * hidden]``."""


@dataclass(frozen=True, kw_only=True)
class After(Component):
    """What becomes of the weights when all phases are done.

    `target` names ``choose(ends, options) -> modaxfer.contracts.Chosen``, with `modaxfer.contracts.Ends`.
    """

    name: str


class Reads(StrEnum):
    """What a loss looks at; what it does not name it is not given.

    It bounds what may come from the cache: pooled vectors of a frozen body are stored ones, tokens and inputs never.
    """

    OUTPUTS = "outputs"
    """What the head says, ``[rows, outputs]``."""
    POOLED = "pooled"
    """What the head is given, ``[rows, width]``."""
    TOKENS = "tokens"
    """States of the highest layer read, ``[rows, tokens, hidden]``, with their mask."""
    LAYERS = "layers"
    """What the head would be given of each layer that is run, ``[rows, width]``, by the layer's number; one encoder."""
    INPUTS = "inputs"
    """The encoder's inputs, as its processor has made them."""
    PARAMETERS = "parameters"
    """What the phase trains, with its values before (`modaxfer.contracts.TrainedParameter`); no rows."""


def _refuse_judging(name: str, stream: Stream) -> None:
    """Refuse to train on labels by which a run is judged."""
    if stream.split != "train" and stream.labels is not Labels.HIDDEN:
        raise RefusedError(
            f"stream {name} cannot draw from split {stream.split} with labels {stream.labels}",
            got=stream.split,
            allowed="train; validation with labels hidden",
            fix="train on train; rows that judge a run may be learned from without their labels only",
        )


def _refuse_name(what: str, name: str) -> None:
    """Refuse what cannot stand in the log, in a file's name or before a dot."""
    if not name.replace("_", "").replace("-", "").isalnum():
        raise RefusedError(
            f"{what} cannot be called so", got=repr(name), allowed="letters, digits, _ and -", fix="rename it"
        )


@dataclass(frozen=True, kw_only=True)
class LossTerm(Component):
    """One loss of a phase.

    `target` names a `modaxfer.contracts.Loss`, an `nn.Module`, built as ``target(context, **options)`` with
    `modaxfer.contracts.LossContext`. It may have parameters (a discriminator): they are trained at `learning_rate`,
    kept in checkpoints, and thrown away when the phase is done.
    """

    name: str
    """In the log, and unique in the phase: letters, digits, ``_`` and ``-``."""
    weight: float | Ramp = 1.0
    reads: frozenset[Reads] = frozenset({Reads.OUTPUTS})
    streams: tuple[str, ...] = ()
    """Names of the streams that it takes; empty = every one of the phase."""
    joint: bool = False
    """False: called for each of its streams with some of a step's rows, and gives one loss per row, which are averaged
    over the step. True: called once per step with all rows of all its streams, on all processes, and gives one number;
    it reads outputs, pooled vectors and parameters only. One that reads parameters alone takes no streams."""
    learning_rate: float | None = None
    """Peak rate of its own parameters; None = that of the head, which must move in the phase then."""

    def __post_init__(self) -> None:
        _refuse_name("a loss", self.name)
        beyond = sorted(self.reads - {Reads.OUTPUTS, Reads.POOLED, Reads.PARAMETERS})
        if self.joint and beyond:
            raise RefusedError(
                f"loss {self.name} is joint and reads what cannot be laid together over a step's rows",
                got=beyond,
                allowed=[Reads.OUTPUTS.value, Reads.POOLED.value, Reads.PARAMETERS.value],
                fix="read these, or give one loss per row",
            )
        if Reads.PARAMETERS in self.reads and not self.joint:
            raise RefusedError(
                f"loss {self.name} reads parameters, which are no row's",
                got="one loss per row",
                fix="set joint=True: it is then called once per step",
            )
        if self.rowless and self.streams:
            what = f"loss {self.name} reads parameters alone and names streams"
            raise RefusedError(what, got=self.streams, fix="leave streams out")

    @property
    def rowless(self) -> bool:
        """Whether it is given parameters and no rows."""
        return self.reads == {Reads.PARAMETERS}


SUPERVISED = LossTerm(name="supervised", target="modaxfer.losses.supervised:Supervised")
"""The task's own loss: cross-entropy, or whatever its problem asks for."""

SUM = Component(target="modaxfer.losses.sum:Sum")
"""All losses, added up."""

SCORE = Component(target="modaxfer.validators.score:Score")
"""The primary metric on validation, over streams that show their targets."""


@dataclass(frozen=True, kw_only=True)
class Alternate:
    """Each step takes rows of one stream, drawn at random; an epoch has as many steps as all rows make batches."""

    temperature: float = 1.0
    """A stream of n rows is drawn with a chance in proportion to ``n ** (1 / temperature)``; 1 = by size."""


@dataclass(frozen=True, kw_only=True)
class Together:
    """Each step takes a batch of every stream, full as far as it has the rows; a short stream begins again."""

    epoch: str = ""
    """Name of the stream whose rows make an epoch; empty = the one with most rows."""


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One stretch of training with a fixed set of moving parts."""

    trainable: frozenset[Moving]
    """Parts, or `Parameters` of them."""
    name: str = "train"
    epochs: float = 1.0
    """0: nothing is trained, and the weights that the phase begins with are judged and kept."""
    learning_rates: Mapping[Any, float] = field(default_factory=dict)
    """Peak learning rate of all that moves, by `Part` or `Parameters`: the first whose names fit, else the part."""
    layer_decay: float = 1.0
    """Layer i learns at rate times ``layer_decay ** (depth - 1 - i)``; embeddings count as one below layer 0."""
    from_layer: int = 0
    """Layers below this one stay frozen even where the body is trainable (embeddings too, unless it is 0)."""
    unfreeze: float = 0.0
    """Share of the phase over which layers begin to move one after another, from the top down, embeddings last; head
    and bridge move from the first step (gradual unfreezing, Howard & Ruder 2018). 0 = all at once."""
    auto_rgn: bool = False
    """At the start of each epoch each layer's rate is multiplied by its relative gradient norm, ``|g| / |w|`` over the
    largest of all layers (auto-RGN, Lee et al. 2023); head and bridge keep theirs."""
    no_decay: frozenset[Moving] = frozenset()
    """What weight decay leaves alone, such as those that a loss holds to where they were."""
    streams: Mapping[str, Stream] = field(default_factory=lambda: {"train": Stream()})
    """By a name that losses, validators and the log know them by."""
    mixing: Alternate | Together = field(default_factory=Together)
    """How steps are drawn from several streams."""
    losses: tuple[LossTerm, ...] = (SUPERVISED,)
    combine: Component = SUM
    """Names a `modaxfer.contracts.Combiner`, built as ``target(names, **options)`` with the names of all losses."""
    validator: Component = SCORE
    """Names a `modaxfer.contracts.Validator`, built as ``target(context, **options)`` with
    `modaxfer.contracts.ValidatorContext`; it chooses the best epoch."""
    measure: Component | None = None
    """Names ``measure(seen, **options) -> {name: number}`` with `modaxfer.contracts.Seen` by stream; logged after each
    epoch, it decides nothing."""
    judged: tuple[str, ...] = ()
    """Streams of which the validator sees the targets of the validation rows; empty = those whose labels are given.
    One with hidden labels may be named: the run then chooses by target labels, which its result says."""
    keep: int = 1
    """Best epochs whose weights are kept, at most, for what comes after the last phase."""
    solver: Solver | None = None

    def __post_init__(self) -> None:
        missing = unrated(self.trainable, self.learning_rates) if self.solver is None else []
        if missing:
            raise ValueError(f"phase {self.name!r}: no learning rate for {missing}")
        for name, stream in self.streams.items():
            _refuse_name("a stream", name)
            _refuse_judging(name, stream)
        names = [term.name for term in self.losses]
        if len(set(names)) != len(names):
            raise RefusedError(f"phase {self.name} has two losses of one name", got=names, fix="rename one")
        asked = [stream for term in self.losses for stream in term.streams]
        asked += [self.mixing.epoch] if isinstance(self.mixing, Together) and self.mixing.epoch else []
        _refuse_unknown(f"phase {self.name} has no such stream", [*asked, *self.judged], self.streams)
        if self.solver is None:
            self._refuse_undrawn()
        else:
            self._refuse_judged()

    def _refuse_judged(self) -> None:
        """Refuse what judges epochs where there are none."""
        usual = {"validator": SCORE, "measure": None, "judged": ()}
        told = [name for name, value in usual.items() if getattr(self, name) != value]
        if told:
            raise RefusedError(
                f"phase {self.name} is solved at once, so that there are no epochs to judge",
                got=told,
                fix="leave them out: a solver that chooses does so by the targets that it is given",
            )

    def _refuse_undrawn(self) -> None:
        """Refuse a phase without losses, and losses that would never be given what they take."""
        if not self.drawn:
            got = [term.name for term in self.losses] or "none"
            raise RefusedError(f"phase {self.name} has no loss that takes rows", got=got, fix="name one, or a solver")
        joint = [term.name for term in self.losses if term.joint and len(self.streams_of(term)) > 1]
        if joint and isinstance(self.mixing, Alternate):
            raise RefusedError(
                f"phase {self.name} has joint losses of several streams, and each step is of one",
                got=joint,
                fix="mix the streams by Together",
            )
        if isinstance(self.mixing, Together) and self.mixing.epoch and self.mixing.epoch not in self.drawn:
            raise RefusedError(
                f"phase {self.name} counts its epochs by a stream that no loss takes",
                got=self.mixing.epoch,
                allowed=self.drawn,
                fix="correct the plan",
            )

    @property
    def parts(self) -> frozenset[Part]:
        """The parts that move, whole or not."""
        return parts_of(self.trainable)

    @property
    def drawn(self) -> tuple[str, ...]:
        """Names of the streams that steps are drawn from: a stream that no loss takes is there for validators alone."""
        return tuple(name for name in self.streams if any(name in self.streams_of(term) for term in self.losses))

    def judges(self, name: str) -> bool:
        """Tell whether the validator sees the validation targets of stream `name`."""
        return name in self.judged if self.judged else self.streams[name].labels is Labels.GIVEN

    def streams_of(self, term: LossTerm) -> tuple[str, ...]:
        """Return the names of the streams that a loss of this phase takes."""
        return () if term.rowless else term.streams or tuple(self.streams)


def _refuse_unknown(what: str, names: Iterable[str], known: Iterable[str]) -> None:
    allowed = sorted(known)
    unknown = sorted(set(names) - set(allowed))
    if unknown or not allowed:
        raise RefusedError(what, got=unknown or "no stream at all", allowed=allowed, fix="correct the plan")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything the runner needs to know of a strategy."""

    phases: tuple[Phase, ...] = ()
    """One after the other; a plan that goes on from a whole run may have none."""
    adapter: AdapterSpec | None = None
    head: str = ""
    """A registered head for the features of a single encoder, see `modaxfer.spec.HeadSpec`; empty = the problem's."""
    head_options: Mapping[str, Any] = field(default_factory=dict)
    """Keywords for the head beside width, outputs and dropout."""
    head_from_run: bool = False
    """Whether head and bridge, classes and criterion are those of the run that ``--encoder`` names; then the head need
    not be trained, nor a label seen. Of a strategy that says so, see `modaxfer.spec.StrategySpec.from_run`."""
    source_head: bool = False
    """Whether losses are given the head of the run that ``--encoder`` names, or of the source stage: a head of classes,
    which the saved model does not have (`modaxfer.contracts.LossContext.source_head`)."""
    after: tuple[After, ...] = ()
    """Ends in weight space, one after the other; a plan of one task that is trained by gradient may have them."""
    correct: Correction | None = None
    """What is made of the outputs at the very end; a plan of one task may have it."""
    merge: Merge | None = None
    """Finished runs that the first phase begins from; its validator chooses their scale. It may have no epochs."""
    fusion: Fusion | None = None
    """Set by a strategy of several encoders."""
    alone: bool = False
    """Whether each of several tasks is trained by itself as well, to say what sharing gained or harmed."""
    privacy: Privacy | None = None
    """What it promises of single training rows, see ``--private``; None = nothing."""

    def __post_init__(self) -> None:
        if not self.phases and not self.head_from_run:
            raise RefusedError(
                "a plan has no phase, so that nothing would be trained",
                got=f"phases={self.phases!r}",
                allowed="one Phase or more; none only of a plan that goes on from a whole run, with head_from_run=True",
                fix="return Plan(phases=(Phase(...),)) from the strategy",
            )

    @property
    def uses_source(self) -> bool:
        """Whether a phase draws rows of a source task."""
        return any(stream.role is Role.SOURCE for phase in self.phases for stream in phase.streams.values())

    def shows(self, role: Role, task: int = 0, split: str = "train") -> bool:
        """Tell whether this plan lets training see targets of a task; where not, they are sealed.

        Args:
            role: Of the task.
            task: Its number among those of its role.
            split: ``train``, or ``validation``, by which epochs are chosen.
        """
        return any(
            (stream.role, stream.task) == (role, task)
            and (stream.labels is Labels.GIVEN if split == "train" else phase.judges(name))
            for phase in self.phases
            for name, stream in phase.streams.items()
        ) or any(
            (stream.role, stream.task, stream.split, stream.labels) == (role, task, split, Labels.GIVEN)
            for stream in (() if self.correct is None else self.correct.streams.values())
        )
