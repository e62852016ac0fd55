"""What an explanation says, in sentences: for the terminal and the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from modaxfer.reports.explain.sizes import Sizes, sizes_of
from modaxfer.reports.scores import signed

if TYPE_CHECKING:
    from modaxfer.runner.explain.explain import Explanation, RowExplanation, ScoreExplanation
    from modaxfer.runner.explain.part import Part

__all__ = [
    "AGREES",
    "CHANGES",
    "Check",
    "checks",
    "headline",
    "score_lines",
    "strongest",
    "summary",
    "title",
    "unit_name",
]

AGREES, CHANGES = 0.5, 0.5
"""Rank correlation from which on occlusion agrees, and below which random weights change the picture."""

Check = tuple[bool | None, str]
"""Whether it is passed, None = nothing can be said; and what is to be said."""


def headline(row: RowExplanation) -> str:
    """Return which row this is and what the model says of it."""
    split = f" of {row.wanted.split}" if row.wanted.split else ""
    score = "" if row.score is None else f" ({row.score:.3f})"
    true = "" if row.wanted.label is None else f", true {_said(row.wanted.label)}"
    asked = row.made.answer.name
    said = _said(row.prediction)
    if row.score is None or said == asked:
        return f"row {row.wanted.number}{split}: {said}{score}{true}"
    return f"row {row.wanted.number}{split}: {said}{true}; asked about {asked}{score}"


def summary(row: RowExplanation) -> list[str]:
    """Return a few lines on one row: what is said of it, what speaks for and against it, and whether to believe it."""
    lines, sizes = [headline(row)], sizes_of(row)
    for part, sums in zip(row.made.parts, row.made.sums, strict=True):
        found = strongest(part, [float(each) for each in sums], 4, sizes)
        for side, sign in (("for", 1), ("against", -1)):
            named = [f"{name} {sizes(value)}" for name, value in found if value * sign > 0]
            if named:
                lines.append(f"  {side:8} {', '.join(named)}")
        if not found:
            lines.append(f"  --       no part of {' and '.join(part.fields)} adds anything to the answer")
    if row.effects:
        order = sorted(row.effects.items(), key=lambda item: -abs(item[1]))[:5]
        lines.append(f"  fields   {', '.join(f'{name} {sizes(value)}' for name, value in order)}")
    lines += [f"  {'ok' if passed else '--' if passed is None else 'NO':8} {said}" for passed, said in checks(row)]
    if row.near:
        named = [f"{near.number} ({_said(near.label)}, {near.distance:.2f})" for near in row.near]
        lines.append(f"  alike    training rows {', '.join(named)}")
    return lines


def checks(row: RowExplanation) -> list[Check]:
    """Return what tells whether attributions can be believed."""
    made, found = row.made, row.made.attributed
    if made.reason or found is None:
        why = "integrated gradients do not add up" if found is not None else "there are no integrated gradients"
        return [
            (None, f"explained by {made.method} alone, as {why}: {made.reason}"),
            *_randomised(made.sanity, made.beyond),
        ]
    difference, sizes = found.answer - found.baseline, sizes_of(row)
    share = abs(found.gap) / abs(difference) if sizes.rounded(difference) else 0.0
    sums = (
        f"attributions add up to {sizes.rounded(found.total):.4g}, f(x) - f(x₀) is {sizes.rounded(difference):.4g}: "
        f"{share:.2%} off with {found.steps} steps"
    )
    lines: list[Check] = [(found.complete, sums)]
    if made.correlation is None:
        lines.append((None, "occlusion says the same of every unit, so there is nothing to compare ranks with"))
    else:
        agree = "agrees" if made.correlation >= AGREES else "does not agree"
        lines.append((made.correlation >= AGREES, f"occlusion {agree}: rank correlation {made.correlation:.2f}"))
    lines += _randomised(made.sanity, made.beyond)
    return lines


def _randomised(found: Sequence[float], beyond: Sequence[float]) -> list[Check]:
    if not found:
        return [(None, "random weights were not tried")]
    mean = sum(found) / len(found)
    each = ", ".join(f"{value:.2f}" for value in found)
    if abs(mean) < CHANGES:
        return [(True, f"random weights change the picture: rank correlation {mean:.2f} ({each})")]
    said = f"random weights give nearly the same picture: rank correlation {mean:.2f} ({each})"
    rest = sum(beyond) / len(beyond) if beyond else mean
    if abs(rest) < CHANGES:
        said = f"random weights give parts of nearly the same sizes: rank correlation {mean:.2f} ({each})"
        why = f"as both follow how far each part is from x₀, and agree beyond that by {rest:.2f}"
        return [(None, f"{said}, {why}: sizes say where there is something, and only signs what was learned")]
    return [(False, f"{said}; it says more of the input than of what was learned")]


def strongest(part: Part, values: Sequence[float], count: int, sizes: Sizes) -> list[tuple[str, float]]:
    """Return the units that speak most for and against, at most `count` of each that add more than 0, with that."""
    found = [sizes.rounded(value) for value in values]
    order = sorted(range(len(found)), key=lambda place: -found[place])
    chosen = [*(place for place in order[:count] if found[place] > 0), *(
        place for place in order[::-1][:count] if found[place] < 0
    )]  # fmt: skip
    return [(unit_name(part, place), values[place]) for place in chosen]


def unit_name(part: Part, place: int) -> str:
    """Return how people call a unit."""
    if part.kind == "tokens":
        return repr(part.labels[place].strip())
    if part.kind == "patches":
        return f"patch {place + 1}"
    row, column = divmod(place, part.shape[1])
    if part.kind == "picture":
        return f"cell {row + 1},{column + 1}"
    if part.extent is None:
        return f"stretch {column + 1} of {part.shape[1]}"
    from modaxfer.runner.explain.units import band_edges

    seconds, highest = part.extent
    edges = band_edges(highest, part.shape[0])
    start, stop = (seconds * each / part.shape[1] for each in (column, column + 1))
    return f"{start:.2f}-{stop:.2f} s at {edges[row]:.0f}-{edges[row + 1]:.0f} Hz"


def score_lines(score: ScoreExplanation) -> tuple[str, list[str], list[tuple[str, str, str]]]:
    """Return a title, and as a table which fields a score stands on."""
    title = (
        f"validation {score.metric} {score.score:.3f} on {score.rows} of {score.of} rows; what it loses where a field "
        f"is shuffled, mean of {score.repeats}"
    )
    rows = [(one.name, signed(one.value, 4), f"[{signed(one.low, 4)}, {signed(one.high, 4)}]") for one in score.fields]
    return title, ["field", "importance", "95 % interval"], rows


def title(made: Explanation) -> str:
    """Return what the page is about, in one sentence."""
    return f"Why {made.result.encoder['id']} on {made.result.task} says what it says"


def _said(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.5g}"
    return ", ".join(map(str, value)) or "nothing" if isinstance(value, list) else str(value)
