"""Everything that a run found out, as stored in result.json."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from math import isfinite
from pathlib import Path
from shlex import quote
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from modaxfer.errors import DataError, close_matches
from modaxfer.json_file import read_json, well_formed
from modaxfer.spec import SPLITS

__all__ = [
    "SCHEMA",
    "Result",
    "defined",
    "inside",
    "instead_of_run",
    "require_folder",
    "run_around",
    "write_atomically",
]

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Result:
    """One run's findings. Field names are the keys of result.json; times are seconds, memory is megabytes (10^6)."""

    status: str
    """``completed`` or ``failed``."""
    encoder: Mapping[str, Any]
    """``id``, ``checkpoint``, ``revision``, ``sha256``; ``merged``, where the weights of runs were joined, each as
    ``from``; of several encoders joined, and each one under ``parts``. Where
    the checkpoint is a run, ``from``: its ``run``, ``task``, ``strategy``, ``seed``, ``fingerprints`` of its rows by
    task, the ``checkpoint``, ``revision`` and ``sha256`` that it started from, and ``from`` again where that was a run.
    """
    bridge: str
    """Id of the bridge; of several encoders one each, joined by `` + ``, as are their ids and checkpoints."""
    strategy: str
    """Id of the strategy."""
    task: str
    """Id of the task; for own data ``own/`` and the name of the file or folder."""
    source_task: str | None = None
    """Id of the labelled source task, of several joined by `` + ``."""
    before: tuple[Mapping[str, Any], ...] = ()
    """Runs that were trained before this one, which starts from the last: ``run`` (its folder in this one), ``task``,
    ``strategy``, ``rows``, ``primary``, ``test`` and ``interval`` (of its own test split), ``seed`` and ``seconds``."""
    recommended: Mapping[str, Any] = field(default_factory=dict)
    """Where ``--encoder auto`` or ``--strategy auto`` asked for it, how both were chosen before the run: ``folder`` of
    the recommendation, ``expected`` score with its ``interval`` (95 %, of a test split of this size), and as
    recommend.json has them ``plan`` and ``options`` (``encoder``, ``strategy``, ``expected``, ``interval`` and the
    ``difference`` from the surest), ``picks`` and ``spent_s``."""
    schema: int = SCHEMA
    """Version of these keys."""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    """``train``, ``validation``, ``test``: metric name to value; ``primary``: the name that decides."""
    intervals: Mapping[str, Any] = field(default_factory=dict)
    """Metric name to ``[low, high]``: 95 % bootstrap on the test split."""
    baselines: Mapping[str, Any] = field(default_factory=dict)
    """``chance``, ``majority``, ``simple``, perhaps ``scratch``; of a run with a source stage ``without_source`` and,
    where the classes are the task's, ``source_only`` (the stage's own model); of one that adapts ``source_only`` (the
    same plan without adaptation) and ``target_oracle`` (trained on the task's own labels): metric name to value.
    ``simple`` names its model; runs of their own have the primary metric's ``interval``, ``difference`` (95 %, this
    run minus it) and their folder, ``run``; ``scratch`` and ``without_source`` their ``strategy``, ``epochs`` and
    ``rate`` (the factor that was best)."""
    transfer_gain: Mapping[str, Any] | None = None
    """Where measured, by step and metric. Steps: ``pretraining``, against the same architecture from random weights,
    and ``source``, against the same run without its source stage. ``gain`` over the run without the step, positive
    where the step helped whichever direction of the metric that is, its 95 % ``interval``, ``with`` and ``without``
    (test scores, mean over seeds), ``seeds`` (how many) and ``by_seed`` (the gain of each); of a run with few-shot
    episodes ``episodes`` and ``by_episode``."""
    estimates: Mapping[str, Any] = field(default_factory=dict)
    """Of a run that adapts, what is said of the target without its labels: ``validators``, the score of each by name,
    on validation rows, greater is better, and under ``source_only`` those of the run without adaptation; ``accuracy``
    on the test rows by ``atc`` (Garg et al. 2022) and ``doc`` (Guillory et al. 2021), with ``value`` and 95 %
    ``interval``, beside the one ``measured``; ``predicted``: the share of the ``largest`` predicted ``class`` among
    validation rows, and the ``entropy`` of their mean prediction, of the source's in ``entropy_source``."""
    ablation: Mapping[str, Any] = field(default_factory=dict)
    """Of a fused model, by part of the row (``image``, ``text``): ``metrics`` and ``intervals`` on test when given
    that part only, and ``difference``: the fused model's primary score minus that, 95 % interval."""
    calibration: Mapping[str, Any] = field(default_factory=dict)
    """Of classes: ``by`` (``temperature``, the ``head`` in closed form, a ``correction``, or ``none``, and ``why``),
    the ``temperature`` that validation ``rows`` chose (Guo et al. 2017), and ``log_loss``, ``brier_score`` and ``ece``
    of the ``test`` split, ``raw`` and ``calibrated``. All else here, and predictions.parquet, is of raw scores."""
    decision: Mapping[str, Any] = field(default_factory=dict)
    """Of classes, where one was chosen or given: ``by`` (``threshold``, chosen on validation rows for a ``metric``;
    ``given``; ``half`` where none paid, and ``why``; or ``cost``), ``thresholds`` of calibrated scores, of two classes
    that of the second, else one per label, the ``validation_gain`` over one half with its 95 % ``interval``, and the
    primary metric of the ``test`` split ``at_half``. With ``--cost`` of ``test`` rows also the mean ``cost``, its 95 %
    ``cost_interval``, ``cost_of_likeliest`` (the likeliest class said) and ``cost_of_one_class`` (the cheapest)."""
    per_class: Mapping[str, Any] = field(default_factory=dict)
    """Of classes, by name on the test split: ``rows``, ``precision``, ``recall``, ``f1``, and against all other classes
    ``roc_auc`` and ``average_precision``."""
    groups: Mapping[str, Any] = field(default_factory=dict)
    """With ``--group-by``: the column (``by``), how many values it has (``count``), and by each of the largest 200 in
    ``test`` its ``rows``, the ``score`` by the primary ``metric`` and its 95 % ``interval``; ``worst``, of those with
    10 rows or more."""
    tasks: Mapping[str, Any] = field(default_factory=dict)
    """Of a shared model, by task id: ``run`` (its folder in this one), ``primary``, ``test``, ``interval``, and, where
    the task was trained by itself too, ``alone`` (its score) and ``difference`` (shared minus alone, 95 % interval)."""
    repeats: Mapping[str, Any] = field(default_factory=dict)
    """Of a run repeated with other seeds: ``seeds``, ``test`` (metric name to one value per seed), ``mean`` and ``std``
    (with n - 1); the first seed is this run, the others lie in ``seeds/SEED``."""
    folds: Mapping[str, Any] = field(default_factory=dict)
    """Of a cross-validated run: ``count``, ``folds`` (those that are finished, which lie in ``folds/N``), ``rows``,
    ``test`` (metric name to one value per fold), ``mean``, ``std`` (with n - 1) and ``intervals`` (95 %, of the mean,
    corrected for folds that share training rows); ``pooled`` and ``pooled_intervals``, the scores of all rows
    together and their 95 % bootstrap; ``baselines``, means over folds; ``predictions``, the file of all rows."""
    episodes: Mapping[str, Any] = field(default_factory=dict)
    """Of a few-shot run: ``shots``, ``episodes`` (0 is this run, the others lie in ``episodes/N``), ``test`` (metric
    name to one value per episode), ``mean``, ``std`` (with n - 1) and ``intervals`` (95 %, of the mean)."""
    tuning: Mapping[str, Any] = field(default_factory=dict)
    """Of a run with ``--tune``: how many ``trials``, and of them ``completed``, ``pruned``, ``failed``; what was
    searched (``over``); number and ``setting`` of the ``chosen`` trial (empty: as without a search), its
    ``validation`` score by ``metric``, what the ``default`` setting had, ``rows`` of validation and the 95 %
    ``interval`` of the chosen score over them; ``study``, optuna's journal; and each trial ``tried``: ``number``,
    ``setting``, ``state``, ``score`` (greater is better), ``validation``, ``epochs`` (scores as they went), ``reason``.
    """
    privacy: Mapping[str, Any] = field(default_factory=dict)
    """Of a run with ``--private`` what its weights tell of a training row: ``epsilon`` of the steps that were taken, by
    two conversions, ``tight`` (Balle et al. 2020) and ``classic`` (Mironov 2017), of those that were ``planned`` and as
    ``asked``; ``delta``, ``noise_multiplier``, ``clip_norm``, ``sampling_rate``, ``steps``, ``planned_steps``,
    ``rows``, ``accountant``, ``repeatable``; and ``audit``, the attack by loss (Yeom et al. 2018): ``auc``, ``tpr`` at
    a false positive rate of 1 %, their 95 % intervals, and how many ``members`` and ``others`` were compared. Of a run
    that is not private ``audit`` alone, where it was asked for."""
    companions: tuple[str, ...] = ()
    """Runs beside this one that its plan asks for: ``alone``, each of several tasks by itself; ``source-only`` and
    ``oracle``, the bounds of one that adapts; ``without-source``, the same without its source stage."""
    parameters: Mapping[str, int] = field(default_factory=dict)
    """``total`` and ``trainable``."""
    time_s: Mapping[str, float] = field(default_factory=dict)
    """Seconds of ``load``, ``prepare``, ``features``, ``train``, ``evaluate``, and ``total``."""
    examples_per_s: float | None = None
    """Training rows per second of training by steps; rows encoded per second where a solver alone fits the head."""
    model_flops: Mapping[str, Any] = field(default_factory=dict)
    """Floating-point operations that training by steps needs, where known, as PaLM defines them (Chowdhery et al. 2022,
    appendix B): products of one forward pass and of what of the backward pass leads to what is trained, for real
    tokens; not padding, frozen layers whose states are kept, what is computed twice, losses, validation. ``total``,
    ``per_step``, ``per_example``, and ``per_s`` of training, of all processes together; where a data sheet has
    the peak of the device at this precision ``peak_per_s``, that of all processes, its ``peak_source``, and the
    utilisation ``mfu``, ``per_s`` by that."""
    peak_memory_mb: float | None = None
    """Peak of the device's memory on CUDA, else of the main process."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """``source``, ``fingerprint``, ``rows``, ``scored`` (rows behind each split's metrics; of train a seeded sample of
    as many as test has, 64 to 256, where more would have to be encoded again), ``dropped``, ``classes``;
    ``resampled``: what intervals were drawn over (test ``rows``, ``units`` and what rows of one unit share, ``by``);
    ``unseen``, by split with rows of classes that train lacks: ``rows``, ``classes`` and ``metrics_without`` them;
    ``adaptation``, of a run with a source task: whether the task's labels were ``hidden`` from training, whose
    validation labels chose the epoch (``validated_on``: ``source``, ``target``, ``source and target`` or ``no
    labels``) and by which ``validators``, which ``bound`` of another run it is, and the ``source``: ``task``,
    ``source``, ``fingerprint``, ``rows``, ``dropped``, ``licence``."""
    training: Mapping[str, Any] = field(default_factory=dict)
    """What training chose, in ``phases``: best epoch and the ``validator`` that chose it, steps, ``terms`` (the last
    value of each loss and of what it logs), a solver's choice of layer, pooling and head; ``epochs`` asked for; after a
    search ``rates``: the ``chosen`` factor on the learning rates, and the validation score of each one ``tried``; where
    outputs are corrected at the end ``correction``, its ``name`` and what it estimated; where frozen layers were
    cut over processes ``shards``: how many ``processes``, and bytes of layers that are ``frozen``, of these ``own`` in
    the first process, and of those that are ``whole`` in each."""
    precision: str = "fp32"
    """Arithmetic: ``fp32``, ``bf16`` or ``fp16``."""
    device: str = "cpu"
    """``cpu``, ``cuda`` or ``mps``."""
    num_processes: int = 1
    """Processes trained with."""
    seed: int = 0
    """Seed of splits, initialisation and order."""
    plugins: tuple[Any, ...] = ()
    """Plugins that took part: ``namespace``, ``distribution``, ``version``, and ``ids`` of what each brought to it, by
    kind; of what a plan names that is not registered, the target."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Versions of Python and the libraries that decide the numbers."""
    warnings: tuple[str, ...] = ()
    """Everything a reader should know before trusting the score."""
    faults: tuple[Mapping[str, Any], ...] = ()
    """Code of plugins that failed without taking the run down, such as a secondary metric or a report, and what did
    take it down: ``plugin``, ``distribution``, ``version``, ``kind``, ``id``, ``module``, ``line`` and ``error``."""
    error: str | None = None
    """What went wrong, where the run failed."""

    @property
    def primary(self) -> str:
        """Name of the metric that decides."""
        return str(self.metrics["primary"])

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types; an undefined score (not a number) becomes None, since JSON has no such number."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self), default=_plain), parse_constant=lambda _: None)
        return plain

    def save(self, folder: Path) -> Path:
        """Write ``result.json`` into `folder` atomically and return its path."""
        path = folder / "result.json"
        write_atomically(path, json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n")
        return path

    @classmethod
    def load(cls, folder: Path) -> Result:
        """Read the result of the run in `folder`.

        Raises:
            DataError: There is none, it is of another schema, or it names a folder outside its own.
        """
        require_folder(folder)
        path = folder / "result.json"
        if not path.is_file():
            raise DataError("no finished run here", file=folder, fix=instead_of_run(folder))
        values = read_json(path)
        if values.get("schema") != SCHEMA:
            raise DataError("result of another schema", file=path, got=values.get("schema"), allowed=SCHEMA)
        with well_formed(path):
            for task in (values.get("tasks") or {}).values():
                inside(folder, task.get("run") or "")
            known = {item.name for item in fields(cls)}
            made = cls(**{key: value for key, value in values.items() if key in known})
            _require_kinds(made)
        return made


def instead_of_run(folder: Path) -> str:
    """Say what to do with, or instead of, a folder that holds no finished run."""
    if (folder / "config.yaml").is_file():
        return f"`modaxfer train --resume --output {quote(str(folder))}` finishes the one that was broken off"
    around = run_around(folder)
    return "name a folder that `modaxfer train` wrote" if around is None else f"name the folder that holds it: {around}"


def _require_kinds(made: Result) -> None:
    """Refuse what is not of its field's kind, as a list where a mapping belongs, and scores that are no numbers."""
    for name, hint in get_type_hints(Result).items():
        _require(isinstance(getattr(made, name), _classes(hint)), name, getattr(made, name))
    for split in SPLITS:
        scores = made.metrics.get(split, {})
        _require(isinstance(scores, Mapping), f"metrics.{split}", scores)
        for metric, score in scores.items():
            _require(isinstance(score, int | float | None), f"metrics.{split}.{metric}", score)
    primary = made.metrics.get("primary")
    _require(isinstance(primary, str | None), "metrics.primary", primary)
    for metric, bounds in made.intervals.items():
        pair = isinstance(bounds, list) and len(bounds) == 2
        _require(
            bounds is None or (pair and all(isinstance(bound, int | float | None) for bound in bounds)),
            f"intervals.{metric}",
            bounds,
        )


def _classes(hint: Any) -> tuple[type, ...]:
    """Return the classes that JSON has for a field's type: lists for tuples, and whole numbers among the others."""
    kinds = [get_origin(one) or one for one in (get_args(hint) if isinstance(hint, UnionType) else (hint,))]
    also = {tuple: (tuple, list), float: (float, int)}
    return tuple(each for kind in kinds for each in also.get(kind, (kind,)))


def _require(condition: bool, name: str, value: object) -> None:
    if not condition:
        raise ValueError(f"{name} is {value!r}")


def require_folder(folder: Path) -> None:
    """Refuse a folder that is not there; names those beside it that are called alike.

    Raises:
        DataError: It is not there, or is a file.
    """
    if folder.is_dir():
        return
    if folder.exists():
        around = run_around(folder)
        fix = "name a folder that `modaxfer train` wrote; files with rows come behind it"
        fix = fix if around is None else f"name the folder that holds it: {around}"
        raise DataError("this is a file, not the folder of a run", got=folder, fix=fix)
    beside = [path.name for path in folder.parent.iterdir() if path.is_dir()] if folder.parent.is_dir() else []
    close = [str(folder.parent / name) for name in close_matches(folder.name, beside)]
    fix = f"did you mean {' or '.join(close)}?" if close else "name a folder that `modaxfer train` wrote"
    raise DataError("there is no such folder", got=folder, fix=fix)


def run_around(path: Path) -> Path | None:
    """Return the folder of the run that `path` lies in, at most two levels down; None where that is none."""
    return next((folder for folder in path.parents[:2] if (folder / "result.json").is_file()), None)


def inside(folder: Path, name: str) -> Path:
    """Return ``folder / name`` for a `name` that a file in `folder` gave.

    Raises:
        DataError: It leads out of `folder`: reports are written where it leads.
    """
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise DataError("a run names a folder outside its own", file=folder, got=name, fix="do not trust this run")
    return folder / name


def defined(value: Any) -> Any:
    """Return JSON values with None for every number that is not finite, since JSON has no such number."""
    if isinstance(value, Mapping):
        return {key: defined(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [defined(item) for item in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def write_atomically(path: Path, text: str) -> None:
    """Write `text` to a temporary name beside `path`, then rename it; of several writers at once one wins, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        return value.item()
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
