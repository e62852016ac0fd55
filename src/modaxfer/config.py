"""What a user can ask of a run. YAML mirrors these fields one to one; CLI help is made from their docs."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from modaxfer.errors import ConfigError
from modaxfer.setting_values import check_value, converted, takes_none
from modaxfer.synonyms import meant
from modaxfer.yaml_file import read_yaml

__all__ = [
    "EncoderOptions",
    "RunConfig",
    "SourceOptions",
    "TrainOptions",
    "build",
    "documented",
    "read_yaml",
    "refuse_code_by_file",
    "refuse_large_seeds",
    "to_yaml",
]

T = TypeVar("T")

_hints = lru_cache(typing.get_type_hints)

FEW_KEYS = 8
"""Up to so many allowed keys are listed in a message; of more, only those that resemble what was written."""

LARGEST_SEED = 2**32 - 1
"""NumPy and scikit-learn take no larger one."""


def documented(default: Any, doc: str, **metadata: Any) -> Any:
    """Declare a dataclass field with its help; `metadata`: ``choices``, ``above``, ``minimum``, ``maximum``.

    ``whole`` says that text is one item of a tuple, not several with commas between them.
    """
    return field(default=default, metadata={"doc": doc, **metadata})


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """One run, as asked for on the command line, in YAML or from Python."""

    encoder: tuple[str, ...] = documented(
        (),
        "Encoder: a name, name:size, a hub id, a local folder or a completed run; several for fusion; auto = the one "
        "that `modaxfer recommend` chooses.",
    )
    strategy: str = documented(
        "", "Strategy: how the encoder is carried over; auto = the one that `modaxfer recommend` chooses."
    )
    task: tuple[str, ...] = documented((), "Task to learn; several for multitask.")
    source_task: tuple[str, ...] = documented(
        (),
        "Labelled source task: learned before --task, several one after the other; by a strategy that adapts, together "
        "with it.",
    )
    map_classes: str | None = documented(
        None, "YAML or CSV file with the class of --task that each class of --source-task is, where they differ."
    )
    unlabelled: str | None = documented(
        None,
        "Rows without labels to learn from as well: a file or a folder with the columns of the task, or another task. "
        "Labels in it are not read.",
    )
    data: str | None = documented(None, "Your own data: a file, or a folder of split files or class folders.")
    stream: bool = documented(
        False,
        "Read --data, or the data set of --task, as a stream: its rows pass by once, without a copy on the disk, and a "
        "random part, drawn for --limit, is kept in the cache; `features` without a limit encodes all and keeps none. "
        "--data may be a data set of the hub then: OWNER/NAME[:CONFIG][@REVISION].",
    )
    text: tuple[str, ...] = documented((), "Text column of --data.")
    image: tuple[str, ...] = documented((), "Image column of --data.")
    audio: tuple[str, ...] = documented((), "Audio column of --data.")
    number: tuple[str, ...] = documented((), "Table column of --data.")
    ignore: tuple[str, ...] = documented(
        (), "Column of --data that is no input, where no input column is named and a table task takes all others."
    )
    label: tuple[str, ...] = documented(
        (), "Label column of --data; several columns of 0 and 1 are the labels of a multi-label problem.", whole=True
    )
    group: tuple[str, ...] = documented(
        (),
        "Column of --data whose equal values belong together, such as a speaker, company or patient: splits keep them "
        "on one side, and intervals draw them together.",
        whole=True,
    )
    problem: str | None = documented(
        None,
        "Problem type of --data, such as binary, multiclass, multilabel or regression; guessed from the labels where "
        "not given. `modaxfer list problems` shows all.",
    )
    data_dir: str | None = documented(None, "Folder that holds data sets by name; else MODAXFER_DATA.")
    on_bad_row: str = documented("drop", "What to do with an unusable row.", choices=("drop", "fail"))
    bridge: str | None = documented(None, "Bridge from the task's fields to the encoder; chosen where not given.")
    checkpoint: str | None = documented(
        None, "Weights: a registered checkpoint, a hub id, a folder or a completed run."
    )
    weights: str = documented(
        "pretrained", "Where training starts: pretrained, or random (from scratch).", choices=("pretrained", "random")
    )
    revision: str | None = documented(None, "Revision of a hub checkpoint.")
    teacher: str | None = documented(
        None, "A completed run with the task's classes: the model learns from its outputs as well (distillation)."
    )
    private: float | None = documented(
        None, "Protect each training row: differential privacy with this epsilon; delta is train.delta.", above=0.0
    )
    epochs: float | None = documented(None, "Passes over the training rows; default by strategy and rows.", above=0.0)
    batch_size: int = documented(32, "Rows per optimiser step, over all processes.", minimum=1)
    learning_rate: float | None = documented(
        None, "Peak learning rate of the main part; default by strategy and encoder.", above=0.0
    )
    tune: int | None = documented(
        None,
        "Search for settings with so many trials, the first of them as without a search; the best on validation is "
        "trained and tested.",
        minimum=2,
    )
    tune_over: tuple[str, ...] = documented(
        (),
        "What --tune searches, in place of its own choice: KEY, KEY=LOW..HIGH or KEY=A,B,C; learning_rate, epochs, "
        "batch_size or an option of --set.",
        whole=True,
    )
    seed: int = documented(0, "Seed of splits, initialisation and order.", minimum=0, maximum=LARGEST_SEED)
    seeds: int = documented(1, "Repeat the run with this many seeds, from --seed upwards.", minimum=1)
    baseline: tuple[str, ...] = documented(
        (),
        "Also train what the result is measured against: scratch, the same architecture from random weights; labelled, "
        "the same strategy without the rows of --unlabelled.",
        choices=("scratch", "labelled"),
    )
    folds: int | None = documented(
        None, "Also cross-validate: test on each of so many parts of the rows, trained on the others.", minimum=2
    )
    fold: int | None = documented(None, "Test on this one of the --folds alone, counted from 0.", minimum=0)
    shots: int | None = documented(None, "Few-shot: train on so many rows of each class, drawn at random.", minimum=1)
    episodes: int = documented(1, "Repeat --shots with so many draws.", minimum=1)
    episode: int | None = documented(None, "Number of the draw of --shots, counted from 0.", minimum=0)
    metric: tuple[str, ...] = documented(
        (), "Metrics to score by, the first of which decides; default those of the task. `modaxfer list metrics`."
    )
    threshold: str = documented(
        "auto",
        "Score from which on the second class of two is predicted, or a label: auto = chosen on validation rows where "
        "the primary metric asks for it (F1, Matthews, balanced accuracy) and gains by it, else 0.5; or a number.",
    )
    cost: str | None = documented(
        None,
        "CSV or YAML file with what it costs to predict each class (across) for a row of each class (down): the class "
        "that is expected to cost least is predicted.",
    )
    group_by: str | None = documented(
        None, "Column of the rows by whose values test scores are shown, the worst first; no input unless named as one."
    )
    augment: tuple[str, ...] = documented(
        (),
        "Change training rows again in each epoch: the name of an augmentation, NAME=STRENGTH, or strong or weak for "
        "what suits the task.",
    )
    limit: int | None = documented(
        None, "At most this many training rows (a quarter of it for other splits).", minimum=1
    )
    test_limit: int | None = documented(
        None, "At most this many test rows; default a quarter of --limit: learn from few, be judged on many.", minimum=1
    )
    precision: str = documented("auto", "Arithmetic.", choices=("auto", "fp32", "bf16", "fp16"))
    device: str = documented("auto", "Where to compute.", choices=("auto", "cpu", "cuda", "mps"))
    num_processes: int = documented(1, "Processes to train with.", minimum=1)
    output: str | None = documented(None, "Folder of the run; made from the names where not given.")
    standalone: bool = documented(False, "Store the base weights inside the run.")
    track: tuple[str, ...] = documented(
        (),
        "Tell a tracker of the run, NAME or NAME=PROJECT: settings, curves, scores, figures, model card. tensorboard, "
        "mlflow, trackio, aim and dvclive keep them on this machine; wandb, comet_ml, clearml and swanlab send them.",
    )
    trust_remote_code: bool = documented(
        False, "Run code that comes with the checkpoint. Only for authors you trust; in a file it does not count."
    )
    bound: str = documented(
        "",
        "Beside a run that adapts: source-only, the same without adaptation, or oracle, trained on the task's own "
        "labels; labelled, the same without the rows of --unlabelled. Set by the runs that are made beside it.",
        choices=("", "source-only", "oracle", "labelled"),
        flag=False,
    )
    recommended: str | None = documented(
        None, "Folder of the recommendation that chose encoder or strategy; set where one of them is auto.", flag=False
    )
    set: Mapping[str, Any] = field(
        default_factory=dict,
        metadata={
            "doc": "An option: strategy.KEY, bridge.KEY, encoder.KEY, train.KEY or source.KEY; a short KEY while it is "
            "unique, but for source.KEY."
        },
    )


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """How a gradient phase is run, whatever the strategy; ``--set train.KEY=VALUE``."""

    class_weight: str | None = documented(None, "Weigh classes by inverse frequency.", choices=("balanced",))
    warmup: float = documented(0.1, "Share of all steps in which the learning rate rises.", minimum=0.0, maximum=1.0)
    weight_decay: float = documented(
        0.01,
        "Decoupled weight decay of matrices (AdamW); on a CPU, of a large table of words, of those that texts name.",
        minimum=0.0,
    )
    clip_norm: float = documented(1.0, "Largest gradient norm, with --private of each row; 0 = any.", minimum=0.0)
    label_smoothing: float = documented(0.0, "Label smoothing.", minimum=0.0, maximum=1.0)
    dropout: float = documented(0.0, "Dropout in the body and before the head.", minimum=0.0, maximum=0.99)
    teacher_share: float = documented(
        0.5, "--teacher: its share in the loss, beside the labels; 1 = labels play no part.", minimum=0.0, maximum=1.0
    )
    teacher_temperature: float = documented(
        2.0, "--teacher: by which outputs are divided before they are compared (Hinton et al. 2015).", above=0.0
    )
    delta: float | None = documented(None, "--private: delta; default 1 / (10 x training rows).", above=0.0)
    audit: bool = documented(False, "Can training rows be told by their loss? --private always asks.")
    repeatable: bool = documented(False, "--private: draw the noise from --seed. Who knows the seed can undo it.")
    accumulation: int = documented(1, "Batches per optimiser step; splits a batch where memory is short.", minimum=1)
    max_tokens: int = documented(8192, "Token budget of one forward pass; larger batches are split.", minimum=1)
    rates: tuple[float, ...] = documented(
        (), "Factors on the learning rates to try; the best on validation is kept. Default none.", minimum=1e-6
    )
    bridge_rate: float = documented(
        1.0, "Factor on the learning rate of a trained bridge, over what the strategy gives it.", minimum=1e-6
    )
    patience: int | None = documented(
        None, "Epochs without a better validation score before the end; 0 = never; default 3 and 20 steps.", minimum=0
    )
    checkpoint_minutes: float = documented(5.0, "Longest time between two checkpoints.", minimum=0.0)
    cache: bool = documented(True, "Keep prepared rows and frozen features on disk.")
    workers: int | None = documented(
        None, "Worker processes that make augmented rows; default by rows and cores, 0 = none.", minimum=0, maximum=64
    )


@dataclass(frozen=True, kw_only=True)
class EncoderOptions:
    """How an encoder is fed and read; ``--set encoder.KEY=VALUE``."""

    pooling: str | None = documented(None, "How tokens are pooled.", choices=("cls", "mean", "mean_std"))
    layer: int | None = documented(None, "Layer the head reads, 0 = embeddings; default the last.", minimum=0)
    max_tokens: int | None = documented(
        None, "Longest input in tokens; default what the encoder holds, at most 512.", minimum=4
    )
    long: str = documented(
        "head",
        "What is read of a longer text or sound: head = its beginning, head_tail = first and last tokens of a text "
        "(Sun et al. 2019), mean_of_windows = all of it, in windows whose pooled vectors are averaged.",
        choices=("head", "head_tail", "mean_of_windows"),
    )
    windows: int = documented(
        32,
        "Most windows, for mean_of_windows; a longer text is read in so many, spread over it, a longer sound up to "
        "there.",
        minimum=2,
    )
    image_size: int | None = documented(
        None, "Pixels per side; default the pretraining size, less for small images.", minimum=8
    )
    seconds: float | None = documented(
        None, "Longest sound, or window of one, in seconds; default what the encoder holds, at most 30.", minimum=0.05
    )

    @property
    def parts(self) -> int:
        """Most windows that a longer input is read in; 0 = it is cut."""
        return self.windows if self.long == "mean_of_windows" else 0


@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """How a source task is learned before the task; ``--set source.KEY=VALUE``. What is not said is as for the task."""

    strategy: str | None = documented(
        None, "Strategy of the source stage; default the run's own where it moves the encoder, else full."
    )
    epochs: float | None = documented(None, "Passes over the source's training rows; default --epochs.", above=0.0)
    batch_size: int | None = documented(None, "Rows per optimiser step; default --batch-size.", minimum=1)
    learning_rate: float | None = documented(
        None, "Peak learning rate; default --learning-rate where the strategy is the run's own.", above=0.0
    )
    limit: int | None = documented(None, "At most this many training rows; default --limit.", minimum=1)
    seed: int | None = documented(
        None,
        "Seed of the source stage; default --seed, so that each of --seeds has its own.",
        minimum=0,
        maximum=LARGEST_SEED,
    )
    mixed: bool = documented(False, "Learn several source tasks together, sharing the encoder, not one by one.")


def build(cls: type[T], values: Mapping[str, Any], where: str = "") -> T:
    """Make a config dataclass from plain values; strings are converted to the field's type.

    Raises:
        ConfigError: Names every unknown key (with close matches), wrong type and value out of range at once.
    """
    hints = _hints(cls)  # type: ignore[arg-type]
    known = {item.name: item for item in dataclasses.fields(cls)}  # type: ignore[arg-type]
    problems, found = [], {}
    for key, value in values.items():
        if key not in known:
            close = meant(key, known)
            problems.append(f"unknown key {where}{key}" + (f" (did you mean {' or '.join(close)}?)" if close else ""))
            continue
        if value is None and not takes_none(hints[key]):
            continue  # a key of a file without a value: left at its default
        try:
            # Names may hold commas: where `whole`, one text is one name.
            given = (value,) if known[key].metadata.get("whole") and isinstance(value, str) else value
            chosen = known[key].metadata.get("choices") and takes_none(hints[key])
            unset = chosen and str(value).lower() in ("none", "null")
            found[key] = None if unset else converted(given, hints[key])
            check_value(found[key], known[key].metadata)
        except ValueError as error:
            problems.append(f"{where}{key}: {error}")
    if problems:
        few = sorted(known) if len(known) <= FEW_KEYS else None
        raise ConfigError("; ".join(problems), allowed=few, fix="correct the keys or values named")
    return cls(**found)


def refuse_large_seeds(seed: int, seeds: int) -> None:
    """Refuse `seeds` seeds from `seed` on where the last one is larger than NumPy and scikit-learn take.

    Raises:
        ConfigError: It is.
    """
    last = seed + seeds - 1
    if last > LARGEST_SEED:
        raise ConfigError(
            f"--seeds {seeds} from --seed {seed} on ends beyond the largest seed",
            got=last,
            allowed=f"0 to {LARGEST_SEED}",
            fix="start from a smaller --seed",
        )


def refuse_code_by_file(stored: object, where: object, *, asked: bool) -> None:
    """Refuse a file's request to run code: files travel, so only the flag (in Python the argument) counts.

    Args:
        stored: What the file says of ``trust_remote_code``.
        where: The file.
        asked: Whether the flag was given.

    Raises:
        ConfigError: The file asks for it and the flag was not given.
    """
    if stored not in (None, False) and not asked:
        raise ConfigError(
            f"{where} asks to run code that comes with a checkpoint, which a file cannot allow",
            got=f"trust_remote_code: {stored}",
            fix="pass --trust-remote-code (in Python trust_remote_code=True) if you trust its authors, "
            "else take the key out",
        )


def to_yaml(config: RunConfig) -> str:
    """Render `config` as YAML that `read_yaml` and `build` turn back into an equal one."""
    import yaml

    values = {
        item.name: list(value) if isinstance(value := getattr(config, item.name), tuple) else value
        for item in dataclasses.fields(config)
    }
    values["set"] = dict(config.set)
    return str(yaml.safe_dump(values, sort_keys=False, allow_unicode=True))
