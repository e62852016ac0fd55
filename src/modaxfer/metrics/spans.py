"""Spans of tagged rows: which words a row of tags marks together, and as what.

Tags are read as seqeval reads them (Nakayama 2018, https://github.com/chakki-works/seqeval): ``B-PER``, ``I-PER``,
``E-PER``, ``S-PER`` and ``O``. ``L-`` and ``U-`` of BILOU are ``E-`` and ``S-`` under other names. A tag without a
prefix, such as ``NOUN``, is an ``I-``: equal neighbours are one span.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

__all__ = ["OUTSIDE", "Span", "has_spans", "marked", "scheme_of", "spans", "spans_line", "strict_spans"]

OUTSIDE = "O"
"""Tag of a word that belongs to no span."""

_PREFIXED = re.compile(r"([BIES])|([BIESLU])-(.*)", re.DOTALL)
_RENAMED = {"L": "E", "U": "S"}
_NAMELESS = "_"
"""Kind of a span whose tags are bare prefixes, as in seqeval."""


class Span(NamedTuple):
    """Words that belong together."""

    kind: str
    start: int
    stop: int
    """The word behind the last one."""


def spans(tags: Sequence[str]) -> list[Span]:
    """Return the spans of one row by the lenient rules of conlleval, seqeval's default.

    A span begins at ``B-`` or ``S-``, and at any other prefix that does not continue the tag before it: ``I-PER`` after
    ``O``, after ``E-PER`` or after ``I-LOC``.

    >>> spans(["B-PER", "I-PER", "O", "B-LOC"])
    [Span(kind='PER', start=0, stop=2), Span(kind='LOC', start=3, stop=4)]
    """
    found: list[Span] = []
    begun, before, kind_before = 0, OUTSIDE, ""
    for place, tag in enumerate((*tags, OUTSIDE)):
        prefix, kind = _parsed(tag)
        continues = before in "BI" and prefix in "IE" and kind == kind_before
        if before != OUTSIDE and not continues:
            found.append(Span(kind_before, begun, place))
        if not continues:
            begun = place
        before, kind_before = prefix, kind
    return found


def strict_spans(tags: Sequence[str], scheme: str) -> list[Span]:
    """Return the spans of one row that are written as `scheme` wants, seqeval's ``mode="strict"``; others are none.

    Args:
        tags: Of the row.
        scheme: What `scheme_of` returned. ``IOB2``: ``B-`` and then ``I-``. ``IOE2``: ``I-`` and then ``E-``.
            ``IOBES``: ``S-``, or ``B-``, ``I-`` and then ``E-``. ``IO`` knows no malformed span.
    """
    if scheme == "IO":
        return spans(tags)
    parsed = [_parsed(tag) for tag in (*tags, OUTSIDE)]
    found, place = [], 0
    while place < len(tags):
        stop, whole = _run(parsed, place, scheme)
        if whole:
            found.append(Span(parsed[place][1], place, stop))
        place = stop
    return found


def scheme_of(rows: Iterable[Sequence[str]]) -> str:
    """Return the scheme that the prefixes in `rows` belong to: ``IOBES``, ``IOB2``, ``IOE2`` or ``IO``."""
    prefixes = {_parsed(tag)[0] for tag in {tag for row in rows for tag in row}}
    if "S" in prefixes or {"B", "E"} <= prefixes:
        return "IOBES"
    return "IOB2" if "B" in prefixes else "IOE2" if "E" in prefixes else "IO"


def has_spans(tags: Iterable[str]) -> bool:
    """Tell whether `tags` mark spans: ``O`` is among them, or all have a prefix."""
    seen = set(tags)
    return OUTSIDE in seen or all(map(_PREFIXED.fullmatch, seen))


def spans_line(tags: Sequence[str]) -> str:
    """Return the spans of a row for people, by numbers of words from 1.

    >>> spans_line(["B-PER", "I-PER", "O", "B-LOC"])
    'PER 1-2, LOC 4'
    """
    found = [f"{kind} {start + 1}" + (f"-{stop}" if stop > start + 1 else "") for kind, start, stop in spans(tags)]
    return ", ".join(found) or "(no span)"


def marked(words: Sequence[str], tags: Sequence[str]) -> str:
    """Return a row's words with its spans in brackets, for people.

    >>> marked(["Ann", "Lee", "left"], ["B-PER", "I-PER", "O"])
    '[Ann Lee]PER left'
    """
    begins = {start: (kind, stop) for kind, start, stop in spans(tags)}
    parts, place = [], 0
    while place < len(words):
        kind, stop = begins.get(place, ("", place + 1))
        text = " ".join(words[place:stop])
        parts.append(f"[{text}]{kind}" if kind else text)
        place = stop
    return " ".join(parts)


def _parsed(tag: str) -> tuple[str, str]:
    """Return the prefix of `tag`, ``O`` or one of ``BIES``, and its kind."""
    if tag == OUTSIDE:
        return OUTSIDE, ""
    match = _PREFIXED.fullmatch(tag)
    if match is None:
        return "I", tag
    bare, prefix, kind = match.groups()
    return bare or _RENAMED.get(prefix, prefix), kind or _NAMELESS


def _run(parsed: Sequence[tuple[str, str]], start: int, scheme: str) -> tuple[int, bool]:
    """Return where the run of words that begins at `start` stops, and whether it is a well-formed span."""
    first, kind = parsed[start]
    if scheme == "IOBES" and first == "S":
        return start + 1, True
    opens, goes_on = {"IOB2": ("B", "I"), "IOBES": ("B", "IE"), "IOE2": ("IE", "IE")}[scheme]
    if first not in opens:
        return start + 1, False
    stop, last = start + 1, first
    while last != "E" and parsed[stop][0] in goes_on and parsed[stop][1] == kind:
        last, stop = parsed[stop][0], stop + 1
    return stop, scheme == "IOB2" or last == "E"
