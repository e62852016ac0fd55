"""Level 2: what a spec names of others is there, and what it says of itself fits together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from modaxfer.errors import ModaxferError
from modaxfer.registry import applicable_metrics, load_target, problem_spec
from modaxfer.spec import AUDIO, EMBEDDINGS, IMAGE, PATCHES, TABLE, TEXT, WORDS
from modaxfer.testing.check import Level, check, fail, skip

if TYPE_CHECKING:
    from modaxfer.registry import Registry
    from modaxfer.testing.subject import Subject

__all__ = ["CHECKS"]

_RAW = frozenset(signal.kind for signal in (TEXT, WORDS, IMAGE, AUDIO, TABLE))
_FORMS = frozenset(signal.kind for signal in (PATCHES, EMBEDDINGS))
_LINKS = ("softmax", "sigmoid", "identity")


@check(Level.SPECS, "task")
def names_metrics_of_its_problem(subject: Subject) -> None:
    """Its problem and its metrics are registered, and the metrics score that problem."""
    spec = subject.spec
    _require_known(subject.registry, "problem", [spec.target.problem], "target.problem")
    fitting = {name for entry in applicable_metrics(spec.target.problem) for name in (entry.id, entry.name)}
    wrong = [name for name in (*spec.metrics, *filter(None, [spec.primary])) if name not in fitting]
    if wrong and not all(name.startswith("evaluate:") for name in wrong):
        fail(
            f"metrics do not score the problem {spec.target.problem}",
            got=wrong,
            allowed=sorted({subject.registry.shown(entry) for entry in applicable_metrics(spec.target.problem)}),
            fix="name others, or register one whose problems name this one",
        )


@check(Level.SPECS, "task")
def has_distinct_columns(subject: Subject) -> None:
    """Its fields, target and kept columns have names of their own; no field is the target."""
    spec = subject.spec
    names = [*(field.name for field in spec.fields), *spec.target.read_from]
    twice = sorted({name for name in names if names.count(name) > 1})
    shown = sorted({field.name for field in spec.fields} & {*spec.keep})
    if twice or shown:
        fail("a column stands twice", got=[*twice, *shown], fix="take it out of fields, or out of keep")


@check(Level.SPECS, "task")
def says_where_its_rows_are_from(subject: Subject) -> None:
    """It has a source, names the domain and the licence of its rows."""
    spec = subject.spec
    absent = [name for name in ("sources", "domain", "licence") if not getattr(spec, name)]
    if absent:
        fail(
            "it does not say where its rows come from",
            got=f"nothing under {' and '.join(absent)}",
            allowed="a source, a domain, and the licence of the data",
            fix="add them; of a licence that is not known say so: licence='none stated'",
        )


@check(Level.SPECS, "task")
def has_fields_that_bridges_take(subject: Subject) -> None:
    """Each of its fields has a signal that a registered bridge takes."""
    taken = {kind for entry in subject.registry.all("bridge") for kind in entry.spec.sources}
    unknown = sorted({field.signal.kind for field in subject.spec.fields} - taken)
    if unknown:
        fail("no bridge takes its fields", got=unknown, allowed=sorted(taken), fix="register a bridge from them")


@check(Level.SPECS, "bridge")
def joins_known_signals(subject: Subject) -> None:
    """What it takes is a signal that rows have, and what it gives is taken by a registered encoder."""
    spec, known = subject.spec, subject.registry
    tasks = {field.signal.kind for entry in known.all("task") for field in entry.spec.fields}
    inputs = {signal.kind for entry in known.all("encoder") for signal in entry.spec.inputs}
    if unknown := sorted(spec.sources - _RAW - tasks):
        fail("rows have no such signal", got=unknown, allowed=sorted(_RAW | tasks), fix="correct its source")
    if spec.sink not in inputs:
        fail("no encoder takes what it gives", got=spec.sink, allowed=sorted(inputs), fix="correct its sink")
    if spec.trained != (spec.sink == EMBEDDINGS.kind):
        fail(
            "a bridge is trained where it ends in embeddings, and only there",
            got=f"trained={spec.trained}, sink={spec.sink!r}",
            fix="correct one of the two",
        )


@check(Level.SPECS, "encoder")
def has_inputs_that_bridges_reach(subject: Subject) -> None:
    """Each of its inputs is where a registered bridge ends."""
    inputs = [signal.kind for signal in subject.spec.inputs]
    sinks = {entry.spec.sink for entry in subject.registry.all("bridge")}
    unreached = sorted({*inputs} - sinks)
    if not inputs or unreached:
        got = unreached or "no input"
        fail("no bridge ends in its inputs", got=got, allowed=sorted(sinks), fix="register a bridge, or correct inputs")


@check(Level.SPECS, "checkpoint")
def is_for_a_known_encoder(subject: Subject) -> None:
    """The encoder that it is for is registered."""
    if subject.registry.encoder_of(subject.entry) is None:  # type: ignore[arg-type]
        _require_known(subject.registry, "encoder", [subject.spec.encoder], "encoder")


@check(Level.SPECS, "checkpoint")
def states_its_licence(subject: Subject) -> None:
    """It states the licence of its weights, where it has any."""
    encoder = subject.registry.encoder_of(subject.entry)  # type: ignore[arg-type]
    if encoder is not None and not encoder.spec.pretrained:
        skip("it is a design without weights")
    if not subject.spec.licence:
        fail("the licence of the weights is not stated", got="nothing", allowed="licence='Apache-2.0'", fix="add it")


@check(Level.SPECS, "problem")
def names_what_is_there(subject: Subject) -> None:
    """The metrics and the head that it names are registered."""
    spec, known = subject.spec, subject.registry
    _require_known(known, "metric", [*spec.metrics, *spec.more_metrics, *filter(None, [spec.comparable])], "metrics")
    _require_known(known, "head", [spec.head], "head")


@check(Level.SPECS, "metric")
def scores_known_problems(subject: Subject) -> None:
    """The problems that it applies to are registered, and its bounds are a least and a greatest value."""
    spec = subject.spec
    _require_known(subject.registry, "problem", spec.problems, "problems")
    least, greatest = spec.bounds
    if not least < greatest:
        fail("the bounds are not in order", got=spec.bounds, allowed="(least, greatest)", fix="turn them around")
    if wrong := sorted({*spec.threshold} - {*spec.problems}):
        fail("a threshold is chosen for problems that it does not score", got=wrong, allowed=spec.problems)


@check(Level.SPECS, "augmentation")
def changes_known_signals(subject: Subject) -> None:
    """It changes signals that rows have."""
    if unknown := sorted(subject.spec.signals - _RAW):
        fail("rows have no such signal", got=unknown, allowed=sorted(_RAW), fix="correct its signal")


@check(Level.SPECS, "objective")
def learns_from_known_inputs(subject: Subject) -> None:
    """The inputs that it works on are taken by a registered encoder."""
    spec = subject.spec
    taken = {signal.kind for entry in subject.registry.all("encoder") for signal in entry.spec.inputs}
    if unknown := sorted({*spec.inputs} - taken - _FORMS):
        fail("no encoder has such inputs", got=unknown, allowed=sorted(taken), fix="correct its inputs")


@check(Level.SPECS, "strategy")
def says_what_it_learns_from(subject: Subject) -> None:
    """Where it says that it does without a source task, it says that it adapts as well."""
    spec = subject.spec
    if spec.own_rows and not spec.adapts:
        fail("own_rows is said of one that does not adapt", got="own_rows=True, adapts=False", fix="set adapts=True")


@check(Level.SPECS, "validator")
def needs_labels_as_its_class_says(subject: Subject) -> None:
    """Its spec and its class say alike whether it needs labels."""
    said, own = subject.spec.needs_labels, getattr(subject.target(), "needs_labels", None)
    if own is not said:
        got = f"spec: {said}, class: {'nothing' if own is None else own}"
        fail("spec and class differ in whether it needs labels", got=got, fix="set needs_labels alike in both")


@check(Level.SPECS, "head")
def reads_vectors_or_tokens(subject: Subject) -> None:
    """Its class says what it looks at in a way that is known."""
    reads = getattr(load_target(subject.spec.target), "reads", "pooled")
    if reads not in ("pooled", "tokens"):
        fail("what the head reads is not known", got=reads, allowed=["pooled", "tokens"], fix="correct reads")


@check(Level.SPECS, "classical head")
def fits_known_links(subject: Subject) -> None:
    """The links of outputs that it fits are known ones."""
    _require_links(subject)


@check(Level.SPECS, "transferability score")
def judges_known_links(subject: Subject) -> None:
    """The links of outputs that it judges are known ones."""
    _require_links(subject)


def _require_links(subject: Subject) -> None:
    links = subject.spec.links
    if not links or not {*links} <= {*_LINKS}:
        fail("it fits no link that is known", got=links or "none", allowed=_LINKS, fix="correct links")


def _require_known(known: Registry, kind: str, names: Iterable[str], field: str) -> None:
    for name in names:
        try:
            problem_spec(name) if kind == "problem" else known.get(kind, name)
        except ModaxferError as error:
            fail(f"{field} names what is not there: {error.what}", got=name, allowed=error.allowed, fix=error.fix)


CHECKS = (
    names_metrics_of_its_problem,
    has_distinct_columns,
    says_where_its_rows_are_from,
    has_fields_that_bridges_take,
    joins_known_signals,
    has_inputs_that_bridges_reach,
    is_for_a_known_encoder,
    states_its_licence,
    names_what_is_there,
    scores_known_problems,
    changes_known_signals,
    learns_from_known_inputs,
    says_what_it_learns_from,
    needs_labels_as_its_class_says,
    reads_vectors_or_tokens,
    fits_known_links,
    judges_known_links,
)
