"""Frozen descriptions of everything a plugin can bring: plain data, standard library only.

A spec never holds a class. Code is named by a ``"package.module:Attribute"`` string and imported at first use, so that
listing what is installed costs no heavy import. Names in a spec are short (``"vit"``); the registry puts the plugin's
namespace in front (``"modaxfer/vit"``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from modaxfer.augmentation_spec import AugmentationSpec, Change
from modaxfer.head_specs import ClassicalHeadSpec, HeadSpec
from modaxfer.pretraining_specs import ObjectiveSpec
from modaxfer.score_specs import MetricSpec, TransferabilitySpec, ValidatorSpec
from modaxfer.source_specs import (
    DownloadSource,
    FolderSource,
    HubSource,
    PackageSource,
    RemoteFile,
    SampleSource,
    Source,
)

__all__ = [
    "API_VERSION",
    "AUDIO",
    "EMBEDDINGS",
    "IMAGE",
    "PATCHES",
    "SPLITS",
    "TABLE",
    "TEXT",
    "UNLABELLED",
    "WORDS",
    "AugmentationSpec",
    "BridgeSpec",
    "Change",
    "CheckpointSpec",
    "ClassicalHeadSpec",
    "DownloadSource",
    "EncoderSpec",
    "Field",
    "FolderSource",
    "HeadSpec",
    "HubSource",
    "MetricSpec",
    "ObjectiveSpec",
    "PackageSource",
    "ProblemSpec",
    "Rates",
    "RemoteFile",
    "ReportSpec",
    "SampleSource",
    "Signal",
    "Source",
    "SplitPolicy",
    "StrategySpec",
    "Target",
    "TaskSpec",
    "TransferabilitySpec",
    "ValidatorSpec",
]

API_VERSION = 0
"""Plugin interface this framework speaks; a plugin states its own as ``MODAXFER_API``."""

SPLITS = ("train", "validation", "test")
"""What the labelled rows of a task are parted into: learned from, chosen by, and scored on."""

UNLABELLED = "unlabelled"
"""Split of the rows that come without labels beside them, where there are any."""


@dataclass(frozen=True, kw_only=True)
class Signal:
    """Kind of raw input; a sound says its own rate.

    `kind` is an open set: ``text``, ``image``, ``audio`` and ``table`` are built in, and ``words``, a text that comes
    as the list of its words, each of which is tagged. ``patches`` and ``embeddings`` are not kinds of raw data but
    forms that encoders take: a sequence of square patches with a mask (patch-based image encoders), and a sequence of
    vectors of the encoder's own width, made by a trained bridge, that enter its body.
    """

    kind: str

    def __str__(self) -> str:
        return self.kind


TEXT = Signal(kind="text")
"""A text."""
WORDS = Signal(kind="words")
"""A text as the list of its words, each of which is tagged."""
IMAGE = Signal(kind="image")
"""A picture."""
AUDIO = Signal(kind="audio")
"""A sound."""
TABLE = Signal(kind="table")
"""A cell: a number or a category; fields of this signal make one row."""
PATCHES = Signal(kind="patches")
"""Square patches in a row, with a mask; a form that encoders take, and no raw data."""
EMBEDDINGS = Signal(kind="embeddings")
"""Vectors of an encoder's own width, made by a trained bridge; no raw data either."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One typed input column of a task."""

    name: str
    signal: Signal
    doc: str = ""
    """What stands in it, for people: ``modaxfer show TASK`` prints it."""
    unit: str = ""
    """Unit of a number (``months``, ``dollars``), for people and for bridges that write numbers out."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """The column to predict.

    `classes` fixes the class order; left empty, the sorted labels of the training split are taken. A multi-label
    column holds lists of labels, the text of such lists, or one string with labels separated by `separator`.
    """

    column: str = "label"
    columns: tuple[str, ...] = ()
    """Columns of 0 and 1, one per label of a multi-label problem; `column` then names them all, for people."""
    problem: str = "multiclass"
    """A registered problem, by short name or id; see `ProblemSpec`."""
    classes: tuple[str, ...] = ()
    separator: str = ";"
    unit: str = ""

    @property
    def read_from(self) -> tuple[str, ...]:
        """Columns of the file that hold the target."""
        return self.columns or (self.column,)


@dataclass(frozen=True, kw_only=True)
class SplitPolicy:
    """How rows come to stand in train, validation and test.

    Splits that the data brings are kept. Missing ones are carved from train: stratified by label where that is
    possible, seeded, and with all rows that share the values of `group` (or are duplicates) on one side.
    """

    group: tuple[str, ...] = ()
    disjoint: tuple[str, ...] = ()
    """Rows of train (then validation) whose values in these columns stand in a later split too are dropped, counted."""
    disjoint_inputs: bool = False
    """Whether rows of train (then validation) whose inputs stand in a later split too are dropped, counted."""
    fold: str = ""
    """Column of folds that were published with the data: ``--folds`` takes these, rows of its test split among them."""
    validation_fraction: float = 0.15
    test_fraction: float = 0.2

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that say which rows belong where; no input of a model."""
        return (*self.group, *self.disjoint, *((self.fold,) if self.fold else ()))


@dataclass(frozen=True, kw_only=True)
class TaskSpec:
    """A named set of labelled rows: typed fields, a target, splits, metrics, domain and licence.

    Empty `fields` means: every column but the target, those of `keep` and those of `ignore`, as a table. `metrics`
    empty means the defaults of the problem type; `primary` empty means the first metric.
    """

    name: str
    fields: tuple[Field, ...]
    target: Target
    sources: tuple[Source, ...]
    metrics: tuple[str, ...] = ()
    primary: str = ""
    splits: SplitPolicy = field(default_factory=SplitPolicy)
    domain: str = ""
    licence: str = ""
    summary: str = ""
    url: str = ""
    posed: str = ""
    """For people: the problem type and how it was found, where it was guessed from a user's own data."""
    keep: tuple[str, ...] = ()
    """Columns kept beside fields and target (ids, groups); never shown to a model."""
    ignore: tuple[str, ...] = ()
    """Columns that are neither inputs nor kept, where `fields` is empty."""
    forbid: tuple[Change, ...] = ()
    """What no augmentation may do to its rows, because the target could be another then."""
    augment: tuple[str, ...] = ()
    """What ``strong`` changes are for its rows, ``NAME`` or ``NAME=STRENGTH`` in the order in which they are applied;
    empty = the framework's for its signals, less what `forbid` names."""
    cost: tuple[tuple[float, ...], ...] = ()
    """``[classes, classes]``, in the order of the target's: what it costs to predict a class (across) for a row of a
    class (down). The class that is expected to cost least is predicted; ``--cost`` and ``--threshold`` go before."""

    def __post_init__(self) -> None:
        sides = {len(self.cost), *map(len, self.cost)}
        if self.cost and (
            sides != {len(self.target.classes)} or not all(0 <= c < inf for row in self.cost for c in row)
        ):
            raise ValueError(
                f"task {self.name!r}: cost is {self.cost}, expected a number of 0 or more for each pair of"
                f" its classes {self.target.classes}"
            )
        if self.primary and self.metrics and self.primary not in self.metrics:
            raise ValueError(f"task {self.name!r}: primary metric {self.primary!r} is not among {self.metrics}")


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Safe learning rates of an encoder; strategies choose among them."""

    full: float = 5e-5
    """Peak rate when the whole body moves."""
    adapter: float = 5e-4
    """Peak rate of small modules inserted into a frozen body."""
    head_multiplier: float = 10.0
    """A fresh head learns this many times faster than the body."""
    layer_decay: float = 0.9
    """Factor per layer, from the top down, when the whole body moves."""


@dataclass(frozen=True, kw_only=True)
class EncoderSpec:
    """A family of pretrained backbones that share an architecture class."""

    name: str
    target: str
    """A class whose instances are a `modaxfer.contracts.Encoder`, with the class methods that
    `modaxfer.contracts.EncoderClass` lists."""
    inputs: tuple[Signal, ...]
    """What it takes; the first is its native signal."""
    model_types: tuple[str, ...] = ()
    """Values of `model_type` in a config that this class can load."""
    configuration: str = ""
    """``"module:Class"`` of its config, read with the class method ``from_folder(folder)``; empty = Transformers'."""
    pooling: str = "mean"
    adapter_targets: tuple[str, ...] = ()
    """Names of the modules that an adapter attaches to; empty = every linear module, of a model without any every
    convolution."""
    rates: Rates = field(default_factory=Rates)
    pretrained: bool = True
    """False for an architecture that has no pretrained weights: it is always built from its config, at random."""
    made_for: tuple[str, ...] = ()
    """Signal kinds that an architecture without pretrained weights is worth a try on, from scratch."""
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class CheckpointSpec:
    """Weights for a registered encoder: a hub id, or a function that a plugin brings.

    Exactly one of `hub_id` and `target` is set. `target()` returns a folder that Transformers can read; it may convert
    files of the installed `distribution` into the user's cache first.
    """

    name: str
    encoder: str
    size: str = ""
    hub_id: str = ""
    revision: str = ""
    target: str = ""
    distribution: str = ""
    install: str = ""
    """Command line that installs `distribution`."""
    parameters: int = 0
    trained_on: tuple[str, ...] = ()
    """What it has seen, named as `modaxfer.bridges.seen` does: ``text``, ``rendered text`` ...; empty = not said."""
    stand_in: bool = False
    """Whether it is small and there for want of better: others that are on the machine and fit come first."""
    rates: Rates | None = None
    """Learning rates that suit it better than its encoder's, which are for weights of the usual size."""
    licence: str = ""
    summary: str = ""

    def __post_init__(self) -> None:
        if bool(self.hub_id) == bool(self.target):
            raise ValueError(f"checkpoint {self.name!r}: set exactly one of hub_id and target")


@dataclass(frozen=True, kw_only=True)
class BridgeSpec:
    """A way from a task's signal to what an encoder takes."""

    name: str
    source: str
    """Signal kinds of the fields it takes, joined by ``+``: ``text``; ``image+text`` takes any mix of the two."""
    sink: str
    """Signal kind of the encoder's input; source == sink is a native bridge."""
    target: str
    """A `modaxfer.contracts.Bridge`, called with ``(options, fields, layout, root)``; a `FittedBridge` is fitted to
    the training rows before it is used, a `TrainedBridge` brings a module that is trained with the model."""
    options: str = ""
    """``"module:Dataclass"`` of its options, for ``--set bridge.key=value``."""
    trained: bool = False
    """Whether it is a `modaxfer.contracts.TrainedBridge`; its sink is ``embeddings``."""
    summary: str = ""

    @property
    def sources(self) -> frozenset[str]:
        """Signal kinds of the fields it takes."""
        return frozenset(self.source.split("+"))


@dataclass(frozen=True, kw_only=True)
class StrategySpec:
    """A transfer method: `target(options, context)` returns a `modaxfer.plan.Plan`."""

    name: str
    target: str
    options: str = ""
    """``"module:Dataclass"`` of its options, for ``--set strategy.key=value``."""
    many_encoders: bool = False
    """Whether it takes several encoders: each field of the task goes to one of them, and their features are fused."""
    many_tasks: bool = False
    """Whether it takes several tasks, which share the encoder."""
    adapts: bool = False
    """Whether it learns from a source task, ``--source-task``, and carries over what it learned."""
    from_run: bool = False
    """Whether it goes on from a whole run, ``--encoder RUN``: from its head, classes and criterion as well. One that
    `adapts` too does so where no source task is named."""
    unlabelled: bool = False
    """Whether it learns from rows without labels, ``--unlabelled``, as well, and needs no source task where there are
    such: then the task's own labels are learned from."""
    own_rows: bool = False
    """Of one that `adapts`: whether the rows of the task itself are enough, with neither a source task nor rows without
    labels beside them: then the task's own labels are learned from."""
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class ProblemSpec:
    """What a target asks for: `target()` returns a `modaxfer.contracts.Problem`; tasks name it in `Target.problem`.

    Here stands what strategies, heads and reports have to know of it before any code of it is imported.
    """

    name: str
    target: str
    metrics: tuple[str, ...]
    """Scores of a task that names none; the first decides. They apply, whatever their own specs say."""
    more_metrics: tuple[str, ...] = ()
    """Further scores that apply though their own specs do not name this problem."""
    head: str = "modaxfer/linear"
    """The registered head of plans that name none, for the features of a single encoder."""
    link: str = ""
    """How outputs become what is predicted: ``softmax`` (one of the classes), ``sigmoid`` (each label by itself) or
    ``identity`` (a standardised number). Heads in closed form and votes of encoders need it; empty = neither fits."""
    ragged: bool = False
    """Whether targets and outputs have a length of their own per row; see `modaxfer.contracts`."""
    comparable: str = ""
    """A metric of which means over tasks of this and other problems say something; empty = the one that decides."""
    pipeline: str = "{}-classification"
    """What the hub calls such models; ``{}`` stands for the kind of input: text, image, audio, tabular."""
    constant: str = "majority"
    """What people call the bar that says the same of every row."""
    also_called: tuple[str, ...] = ()
    """What others call it, in lower case: who asks for that is told this name."""
    figure: str = ""
    """``"module:function"`` that draws predictions beside targets, ``(predictions, theme) -> Drawing | None``, as
    `modaxfer.reports` has them; empty = no figure."""
    summary: str = ""

    def __post_init__(self) -> None:
        if not self.metrics:
            raise ValueError(f"problem {self.name!r}: metrics is empty, and the first one decides")
        if self.link not in (links := ("", "softmax", "sigmoid", "identity")):
            raise ValueError(f"problem {self.name!r}: link is {self.link!r}, expected one of {links}")


@dataclass(frozen=True, kw_only=True)
class ReportSpec:
    """A rendering of a result: `target(result, folder)` writes files and returns their paths."""

    name: str
    target: str
    summary: str = ""
