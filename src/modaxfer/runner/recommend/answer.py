"""The answer as plain values: what to do, what to expect of it, what it costs, and what would change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modaxfer.runner.recommend.candidates import Found
from modaxfer.runner.recommend.decide import SIMPLE, Compared, Judgement
from modaxfer.runner.recommend.judged import Ranked
from modaxfer.runner.recommend.question import Question
from modaxfer.runner.request.command import command_of

__all__ = ["answer"]


def answer(
    question: Question,
    found: Found,
    judgement: Judgement,
    order: Sequence[Ranked],
    picked: Sequence[str],
    known: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what recommend.json says of the choice."""
    chosen, trained = judgement.chosen, judgement.trained
    return {
        "order": [vars(each) for each in order],
        "picks": list(picked),
        "options": [_option(each, judgement, known) for each in judgement.compared],
        "surest": _named(judgement.surest),
        "plan": {
            **_option(chosen, judgement, known),
            "command": _command(question, chosen, trained),
        },
        "trained": None if trained is None else _named(trained),
    }


def _named(each: Compared) -> dict[str, str]:
    return {"encoder": each.option.encoder, "strategy": each.option.strategy}


def _option(each: Compared, judgement: Judgement, known: Mapping[str, Any]) -> dict[str, Any]:
    name = f"{each.option.encoder} {each.option.strategy}"
    kept = known.get("tried", {}).get(name, {})
    return {
        **_named(each),
        "expected": each.expected,
        "interval": [each.low, each.high],
        "difference": each.difference,
        "difference_interval": [each.difference_low, each.difference_high],
        "evidence": each.evidence,
        "is_surest": each is judgement.surest,
        "compared_on": each.rows,
        "seconds": each.option.seconds,
        "share": each.option.share,
        **{key: kept[key] for key in ("layers", "head") if key in kept},
        **({"model": known["bar"][SIMPLE]["name"]} if each.option.strategy == SIMPLE else {}),
    }


def _command(question: Question, chosen: Compared, trained: Compared | None) -> str | None:
    """Return the line that does what is recommended; beside the simple bar, which every run fits, its best rival."""
    done = chosen if chosen.option.strategy != SIMPLE else trained
    return None if done is None else command_of(question.cell(done.option.encoder, done.option.strategy))
