"""``--private`` in a plan: how much noise protects the training rows, and refusals of what would tell of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from modaxfer.augmentations.choice import find_augmentations
from modaxfer.config import RunConfig, TrainOptions
from modaxfer.encoders.checkpoints import ResolvedEncoder
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.plan import SUM, SUPERVISED, Labels, Phase, Plan, Privacy, Role, Sampling
from modaxfer.privacy.accountant import noise_for, require_opacus
from modaxfer.registry import Entry, problem_spec
from modaxfer.runner.model.seen import seen_before

__all__ = ["planned_steps", "privately", "refuse_known_members", "refuse_spending", "sampling_rate"]

SCALED = "--precision fp16, which scales gradients"

TENTH = 0.1
"""Default δ, as a share of one over the number of rows."""


def refuse_spending(config: RunConfig, strategy: Entry) -> None:
    """Refuse what beside a private run would look at its rows again, before any is read.

    Raises:
        MissingPackageError: opacus is not installed.
        RefusedError: There is such.
    """
    if config.private is None:
        return
    require_opacus()
    again = {
        f"--seeds {config.seeds}": config.seeds > 1,
        f"--folds {config.folds}": config.folds is not None,
        f"--shots {config.shots}": config.shots is not None,
        f"--baseline {','.join(config.baseline)}": bool(config.baseline),
    }
    asked = [what for what, there in again.items() if there]
    if asked:
        raise RefusedError(
            f"each run on the same rows spends ε = {config.private:g} of its own, and what two of them say together is"
            f" worth ε = {2 * config.private:g}",
            got=asked,
            fix="leave it out beside --private; for several runs, divide ε among them and start them one by one",
        )
    other = {
        "several tasks": len(config.task) > 1,
        f"--teacher {config.teacher}, which has learned from rows without noise": config.teacher is not None,
        f"--unlabelled {config.unlabelled}": config.unlabelled is not None,
        f"strategy {strategy.name}, which adapts to rows without labels": strategy.spec.adapts,
        f"--num-processes {config.num_processes}": config.num_processes > 1,
        SCALED: config.precision == "fp16",
    }
    refused = [what for what, there in other.items() if there]
    if refused:
        raise RefusedError(
            "--private protects the labelled training rows of one task, trained in one process",
            got=refused,
            fix="leave it out beside --private; a public --source-task may come before",
        )


def privately(plan: Plan, config: RunConfig, options: TrainOptions, rows: int, problem: str) -> Plan:
    """Return `plan` with rows drawn by chance, and the noise that keeps its steps within ``--private``.

    Args:
        plan: Of the strategy, streams and augmentations settled.
        config: The request.
        options: ``delta``, ``clip_norm``, ``repeatable``.
        rows: Training rows.
        problem: Registered name of what the task asks for.

    Raises:
        ConfigError: δ or the clipping norm protects nothing.
        RefusedError: The plan looks at training rows otherwise than row by row, or no noise is enough.
    """
    if config.private is None:
        return plan
    _refuse_settings(options)
    reasons = [*_joined(plan), *(reason for phase in plan.phases for reason in _beyond_rows(phase))]
    # What auto comes to is known only now.
    reasons += [SCALED] if config.precision == "fp16" else []
    reasons += ["targets of the parts of each row"] if problem_spec(problem).ragged else []
    if reasons:
        raise RefusedError(
            "--private hides each training row behind the gradients of the others, and this plan looks at rows in other"
            " ways",
            got=reasons,
            allowed="steps by gradient on labelled training rows, one loss per row",
            fix="choose strategy frozen, lora or full without the options named",
        )
    steps = sum(planned_steps(phase.epochs, rows, config.batch_size) for phase in plan.phases)
    if not steps:
        raise RefusedError("a plan without steps has nothing to protect", got="--private", fix="leave it out")
    delta, rate = _delta(options.delta, rows), sampling_rate(rows, config.batch_size)
    privacy = Privacy(
        epsilon=config.private,
        delta=delta,
        noise_multiplier=noise_for(config.private, delta=delta, sampling_rate=rate, steps=steps),
        clip_norm=options.clip_norm,
        sampling_rate=rate,
        steps=steps,
        rows=rows,
        repeatable=options.repeatable,
    )
    return replace(plan, phases=tuple(map(_by_chance, plan.phases)), privacy=privacy)


def planned_steps(epochs: float, rows: int, batch_size: int) -> int:
    """Return the steps of a phase of one stream: an epoch has as many as its rows make batches."""
    return max(1, round(epochs * -(-rows // batch_size))) if epochs else 0


def sampling_rate(rows: int, batch_size: int) -> float:
    """Return the chance of each row to be in a step, so that `batch_size` of them are expected."""
    return min(1.0, batch_size / rows)


def refuse_known_members(plan: Plan, encoder: ResolvedEncoder, fingerprint: str, digests: Sequence[bytes]) -> None:
    """Refuse an encoder that has been trained on the rows that are to be protected.

    Raises:
        RefusedError: It has.
    """
    for seen in seen_before(encoder) if plan.privacy is not None else ():
        known = len(digests) if seen.same_rows(fingerprint) else sum(one in (seen.digests or ()) for one in digests)
        if known:
            raise RefusedError(
                "the run that --encoder names has been trained on training rows that --private is to protect",
                got=f"{known:,} of {len(digests):,} rows, in {encoder.checkpoint}",
                fix="start from weights that have not seen them, or from a run on other rows",
            )


def _refuse_settings(options: TrainOptions) -> None:
    told = {
        "train.clip_norm=0: the noise is in proportion to it": not options.clip_norm,
        "train.class_weight: weights follow the number of rows in each class": options.class_weight is not None,
        "train.rates: each rate that is tried would spend ε again": bool(options.rates),
    }
    wrong = [what for what, there in told.items() if there]
    if wrong:
        raise ConfigError("options that --private cannot keep its promise with", got=wrong, fix="leave them out")


def _delta(asked: float | None, rows: int) -> float:
    if asked is None:
        return TENTH / rows
    if asked >= 1 / rows:
        raise ConfigError(
            "with such a δ it would be private to publish a training row",
            got=f"train.delta={asked:g}",
            allowed=f"below 1 / {rows:,} rows = {1 / rows:.2g}",
            fix="take a smaller one, or leave it out",
        )
    return asked


def _joined(plan: Plan) -> Iterator[str]:
    """Name what a plan does beside its phases that looks at training rows."""
    if plan.merge is not None:
        yield "finished runs that are merged"
    trained = [] if plan.correct is None else plan.correct.streams.values()
    if plan.correct is not None and any(stream.split != "validation" for stream in trained):
        yield f"correction {plan.correct.name} on training rows"


def _beyond_rows(phase: Phase) -> Iterator[str]:
    """Name what a phase does that is not a sum over single rows."""
    if phase.solver is not None:
        yield f"phase {phase.name}: a head in closed form"
        return
    for name in phase.drawn:
        stream = phase.streams[name]
        blended = [str(one) for one in find_augmentations(stream.transforms) if one.spec.level == "batch"]
        if blended:
            yield f"augmentation {', '.join(blended)}: rows are blended"
        if stream.extras or len(stream.views) > 1:
            yield f"stream {name}: rows in several views, or with what other rows say of them"
        if (stream.role, stream.split, stream.labels) != (Role.TARGET, "train", Labels.GIVEN):
            yield f"stream {name}: {stream.role} {stream.split}, labels {stream.labels}"
    if len(phase.drawn) > 1:
        yield f"streams {', '.join(phase.drawn)} in one step"
    yield from (f"loss {term.name}" for term in phase.losses if term.target != SUPERVISED.target)
    if phase.combine != SUM:
        yield f"losses combined by {phase.combine}"


def _by_chance(phase: Phase) -> Phase:
    streams = {name: replace(stream, sampling=Sampling.POISSON) for name, stream in phase.streams.items()}
    return replace(phase, streams=streams)
