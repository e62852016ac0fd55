"""Training: what losses, combiners and validators are given, and what they give back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from modaxfer.contracts.model import Hidden
from modaxfer.contracts.rows import Batch
from modaxfer.contracts.source_head import no_source_head
from modaxfer.contracts.stream_encoder import StreamEncoder, no_encoder
from modaxfer.errors import HiddenTargetsError, RefusedError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import nn

    from modaxfer.contracts.problems import Criterion
    from modaxfer.plan import Part, Role

__all__ = [
    "Combiner",
    "GradientCombiner",
    "Loss",
    "LossContext",
    "LossOutput",
    "Seen",
    "Step",
    "StreamBatch",
    "StreamFacts",
    "TrainedParameter",
    "Validator",
    "ValidatorContext",
    "WeighingLoss",
]


@dataclass(frozen=True, kw_only=True)
class StreamBatch:
    """Rows of one stream in a step, as one loss is given them: float32, on the device, outside any autocast.

    What the loss's term does not read is not there: asking for it is an error that says so.
    """

    name: str
    """Of the stream in its phase."""
    role: Role
    rows: torch.Tensor
    """int64 ``[rows]``: row numbers in the stream's split."""
    targets: torch.Tensor | None = None
    """As in `modaxfer.contracts.TaskData.targets`, of these rows; predicted ones are probabilities, ``[rows,
    classes]``, where the problem has classes. None where the stream's labels are hidden. Those of a regression,
    float64, stay on the CPU, since not every device holds them."""
    extras: Mapping[str, torch.Tensor] = field(default_factory=dict)
    """Arrays of the stream's extras by name, ``[rows, ...]``; those that all rows share as they are."""
    views: int = 1
    """How often outputs, vectors, layers, tokens and inputs hold each row, view after view."""
    made: Mapping[str, Any] = field(default_factory=dict)
    """What the term reads, by `modaxfer.plan.Reads`."""

    @property
    def outputs(self) -> torch.Tensor:
        """What the head says, ``[views * rows, outputs]``."""
        outputs: torch.Tensor = self._read("outputs")
        return outputs

    @property
    def pooled(self) -> torch.Tensor:
        """What the head is given, ``[views * rows, width]``."""
        pooled: torch.Tensor = self._read("pooled")
        return pooled

    @property
    def tokens(self) -> Hidden:
        """States of the highest layer read, ``[views * rows, tokens, hidden]``, and their mask."""
        tokens: Hidden = self._read("tokens")
        return tokens

    @property
    def layers(self) -> Mapping[int, torch.Tensor]:
        """What the head would be given of each layer, ``[views * rows, width]``, by the layer's number.

        The lowest is where rows enter, below which nothing moves; the highest is the one that the head reads.
        """
        layers: Mapping[int, torch.Tensor] = self._read("layers")
        return layers

    @property
    def inputs(self) -> Batch:
        """The encoder's inputs, as its processor has made them."""
        inputs: Batch = self._read("inputs")
        return inputs

    def known_targets(self) -> torch.Tensor:
        """Return the rows' targets.

        Raises:
            HiddenTargetsError: The stream's labels are hidden.
        """
        if self.targets is None:
            raise HiddenTargetsError(f"stream {self.name}")
        return self.targets

    def _read(self, name: str) -> Any:
        if name not in self.made:
            raise RefusedError(
                f"a loss asks for the {name} of stream {self.name}, which its term does not read",
                got=sorted(self.made),
                fix=f"add Reads.{name.upper()} to the term's reads",
            )
        return self.made[name]


@dataclass(frozen=True, kw_only=True)
class TrainedParameter:
    """A parameter that a phase trains, and what it was; all on the device, of one shape."""

    part: Part
    layer: int
    """-1 for bridge and embeddings, 0 ... depth - 1 for the body, `depth` for the head."""
    depth: int
    """Layers of the body."""
    now: torch.Tensor
    """The parameter itself, which a loss may send a gradient to."""
    phase_start: torch.Tensor
    """Its value as the phase began."""
    run_start: torch.Tensor
    """Its value before anything was trained: the pretrained one, or as it was drawn. Of a head solved for since then
    `phase_start`."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a loss is given."""

    streams: Mapping[str, StreamBatch]
    """Of a joint loss all rows of all its streams in this step, on all processes; else some rows of one stream."""
    progress: float
    """Share of the phase that is done, 0 ... 1."""
    trained: Mapping[str, TrainedParameter] | None = None
    """See `parameters`."""

    @property
    def parameters(self) -> Mapping[str, TrainedParameter]:
        """By name, what the phase trains; parameters of losses are not among it.

        Raises:
            RefusedError: The loss's term does not read them.
        """
        if self.trained is None:
            raise RefusedError(
                "a loss asks for parameters, which its term does not read",
                fix="add Reads.PARAMETERS to the term's reads, and joint=True",
            )
        return self.trained

    @property
    def only(self) -> StreamBatch:
        """The one stream that a loss per row is given."""
        (stream,) = self.streams.values()
        return stream


@dataclass(frozen=True, kw_only=True)
class LossOutput:
    """A loss with numbers beside it that are logged, and nothing else."""

    losses: torch.Tensor
    """``[rows]``, a single number where the term is joint."""
    numbers: Mapping[str, torch.Tensor] = field(default_factory=dict)
    """By name, of the same shape as `losses`; averaged over rows like them: a discriminator's hits."""


class Loss(Protocol):
    """A term of the training loss. An `nn.Module`, built as ``target(context: LossContext, **options)``.

    It is called inside the one forward pass that several processes share, so that its parameters are trained like any.
    """

    def __call__(self, step: Step) -> torch.Tensor | LossOutput:
        """Return one loss per row of the step's only stream, ``[rows]``; of a joint term one number, ``[]``."""
        ...


@runtime_checkable
class WeighingLoss(Protocol):
    """A loss per row whose rows count differently: its sum over a step is divided by `total`, not by the rows."""

    def total(self, stream: str, targets: torch.Tensor) -> float:
        """Return what the summed loss of a step's rows of `stream`, with these `targets`, is divided by."""
        ...


@dataclass(frozen=True, kw_only=True)
class StreamFacts:
    """What a loss may know of a stream before the first step."""

    role: Role
    width: int
    """Size of the pooled vector."""
    outputs: int
    """Size of what the head gives per row."""
    criterion: Criterion
    """What the stream's problem asks of outputs: their loss per row, and the way to predictions."""
    rows: int
    link: str = ""
    """What the problem makes of outputs, see `modaxfer.spec.ProblemSpec.link`: ``softmax`` where a row is of one of
    several classes."""
    targets: np.ndarray | None = None
    """As in `modaxfer.contracts.TaskData.targets`, of all rows; None where the stream's labels are not given."""


@dataclass(frozen=True, kw_only=True)
class LossContext:
    """What a loss is built from."""

    streams: Mapping[str, StreamFacts]
    """The streams that its term takes."""
    seed: int
    """Of the run. While a loss is built torch draws from a state of its own, which this seed decides."""
    start: Callable[[str], nn.Module]
    """Returns, by a stream's name, a frozen copy of its model as the phase begins: a batch of inputs to outputs. While
    a plan is only rehearsed it is an empty module that nothing must be asked of."""
    class_weight: str | None = None
    """The user's setting ``train.class_weight``: ``balanced`` or None."""
    label_smoothing: float = 0.0
    """The user's setting ``train.label_smoothing``."""
    encoder: Callable[[str], StreamEncoder] = no_encoder
    """Returns, by a stream's name, the encoder that is trained; refused where several make one prediction."""
    source_head: Callable[[], nn.Module] = no_source_head
    """Returns a copy of the head of the run that the encoder comes from, to be trained or not; refused where the plan
    does not ask for it. While a plan is rehearsed its numbers are random."""

    @property
    def width(self) -> int:
        """Size of the pooled vector, which all its streams share."""
        return next(iter(self.streams.values())).width

    @property
    def outputs(self) -> int:
        """Size of what the head gives for its first stream."""
        return next(iter(self.streams.values())).outputs


class Combiner(Protocol):
    """Makes one gradient of all losses. An `nn.Module`, built as ``target(names, **options)``; it may have parameters.

    A name is that of a term, with ``.STREAM`` behind it where the term gives a loss for each of several streams.
    One that sets ``whole = True`` is called once per step with the losses of all its rows, never with those of a part.
    """

    def __call__(self, losses: Mapping[str, torch.Tensor], shares: Mapping[str, float]) -> Mapping[str, torch.Tensor]:
        """Weigh the losses of one forward pass; called inside it.

        Args:
            losses: Numbers by name, each its part of the step's loss: parts of a step add up to its mean.
            shares: Of the rows that each was made of in the step's rows, 0 ... 1. What counts once per step, whatever
                the loss, has to be multiplied by it.
        """
        ...

    def backward(self, losses: Mapping[str, torch.Tensor], backward: Callable[[torch.Tensor], None]) -> None:
        """Call `backward` once on what all weighed losses amount to, such as their sum; called outside the pass."""
        ...


@runtime_checkable
class GradientCombiner(Protocol):
    """A combiner that weighs the gradients of losses instead of calling backward: PCGrad, IMTL-G.

    It is built and called like any `Combiner`. The runner takes the gradient of each loss by itself, over all passes
    and processes of a step. A parameter that only one loss reaches (a task's head) gets that loss's gradient as it is;
    those that several reach get what the weights make of theirs.
    """

    def __call__(self, losses: Mapping[str, torch.Tensor], shares: Mapping[str, float]) -> Mapping[str, torch.Tensor]:
        """See `Combiner`."""
        ...

    def weigh_gradients(self, gramian: torch.Tensor) -> torch.Tensor:
        """Return what each gradient is multiplied by, ``[losses]``, before they are added up.

        Args:
            gramian: float32 ``[losses, losses]``: inner products of the gradients of the step's losses over the
                parameters that several losses reach, on the CPU.
        """
        ...


def _no_layers() -> Mapping[int, torch.Tensor]:
    raise RefusedError(
        "what the model says of single layers is not known here",
        fix="ask for it in an extra of a stream, and look at outputs and pooled vectors elsewhere",
    )


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the model says of rows of a stream.

    A validator is told of the validation rows of its task, or of its own split where that is another; an extra of all
    rows that the stream draws from.
    """

    outputs: torch.Tensor
    """float32 ``[rows, outputs]``, on the CPU."""
    pooled: Callable[[], torch.Tensor]
    """Returns what the head is given, float32 ``[rows, width]``; made when asked for."""
    layers: Callable[[], Mapping[int, torch.Tensor]] = _no_layers
    """Returns what the head would be given of each layer, float32 ``[rows, width]`` by the layer's number, as
    `StreamBatch.layers` has it; made when asked for, and refused where rows are of several encoders."""
    source_outputs: Callable[[], torch.Tensor] = no_source_head
    """Returns what the head of the run that the encoder comes from says, float32 ``[rows, source classes]``; refused
    where the plan does not ask for it (`modaxfer.plan.Plan.source_head`)."""
    targets: np.ndarray | None
    """As in `modaxfer.contracts.TaskData.targets`; None where the stream's labels are not given, and of every stream
    where the validator needs none."""
    score: Callable[[], float] | None
    """Returns the task's primary metric on these rows, greater is better; of several tasks R squared for a regression,
    so that they can be averaged. None where there are no targets, and for an extra."""

    @property
    def rows(self) -> np.ndarray:
        """Row numbers in the split, int64 ``[rows]``: all of them, in their order."""
        import numpy as np

        return np.arange(len(self.outputs))


@dataclass(frozen=True, kw_only=True)
class ValidatorContext:
    """What a validator is built from, once for a phase."""

    streams: Mapping[str, StreamFacts]
    """The phase's streams, by name; `StreamFacts.targets` are those of the training rows, None where they are hidden
    and where the validator needs none."""
    seed: int
    """Of the run: what a validator draws, it draws from a generator with this seed, the same in each epoch."""

    def of_role(self, role: Role) -> tuple[str, ...]:
        """Return the names of the streams of a role."""
        return tuple(name for name, facts in self.streams.items() if facts.role is role)


class Validator(Protocol):
    """Judges the model after each epoch; the best epoch's weights are kept.

    Built as ``target(context: ValidatorContext, **options)``. One that sets ``reads_outputs = False`` judges features
    alone, while there is no head that has learned anything: scores of what the head says are not told then. One that
    sets ``reads_rows = False`` is shown no row at all, and none goes through the model for it.
    """

    needs_labels: bool
    """Whether at least one stream must show its targets. One that needs none is shown none: an epoch that it chooses is
    chosen without labels."""

    def __call__(self, seen: Mapping[str, Seen]) -> float:
        """Return a number of which greater is better; `seen` by the phase's streams.

        Minus infinity says that it is undefined, as a score can be; anything else that is not finite is an error.
        """
        ...
