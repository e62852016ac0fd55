"""Numbers as people write them: decimal commas, thousands, currencies, per cent, units, brackets for a minus."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = [
    "MISSING",
    "Numerals",
    "find_numerals",
    "is_gap",
    "is_missing_text",
    "is_text_type",
    "number_note",
    "only_digits",
    "parse",
    "unusual",
]

MISSING = ("", "#N/A", "#N/A N/A", "#NA", "-", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "?",
           "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null")  # fmt: skip
"""How a cell of a number column says that it has no value: what pandas takes for that, a dash and a question mark."""

_GAPS = ("#div/0!", "#name?", "#null!", "#num!", "#ref!", "#value!", "(null)", "--", "---", ".", "..", "...",
         "0000-00-00", "0000-00-00 00:00:00", "\\n", "k. a.", "k.a.", "missing", "n. a.", "n.a.", "n.a", "\u2013",
         "\u2014", "\u2212")  # fmt: skip
"""What else says so among numbers and dates, in lower case: dashes, dots, errors of spreadsheets, dates of zeros."""

ENOUGH = 0.95
"""Share of a column's cells that must read as numbers; the others are odd ones."""

MOSTLY = 0.8
"""Share of numbers from which a column that is left a category is spoken of."""

_SAMPLE = 2000
"""Most distinct cells that are looked at one by one."""

_SYSTEMS = ((".", ""), (".", ","), (",", ""), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "'"))
"""Decimal mark and thousands mark, the simpler first."""

_CODES = frozenset((
    "aud", "brl", "cad", "chf", "cny", "czk", "dkk", "dollar", "eur", "euro", "fr", "gbp", "hkd", "huf", "idr",
    "ils", "inr", "jpy", "kr", "krw", "mxn", "nok", "nzd", "php", "pln", "rm", "ron", "rs", "rub", "sar", "sek",
    "sgd", "thb", "try", "twd", "uah", "usd", "vnd", "zar", "zł", "kč", "ft"
))  # fmt: skip
"""Currencies by name or code, as `_same` shortens them."""
_POINTED = frozenset(("$", "£", "us$", "usd", "gbp"))
"""Currencies whose amounts have a decimal point."""

_FACTORS = {
    1e3: ("k", "tsd", "thousand"),
    1e6: ("m", "mn", "mio", "mln", "million", "millions"),
    1e9: ("b", "bn", "mrd", "billion", "billions"),
}
"""What a letter or word behind a number multiplies it by."""
_WEAK = frozenset(("m", "b"))
"""Those that are units as well: metres, bytes."""
_SCALED = re.compile(rf"(?i:({'|'.join(word for words in _FACTORS.values() for word in words)})\.?)([^\w.]*)")

_CLOCK = r"^(?P<hours>\d{1,3}):(?P<minutes>[0-5]\d)(?::(?P<seconds>[0-5]\d(?:\.\d+)?))?$"
_SPACES = "[\u00a0\u2007\u2009\u200a\u202f]"
_CELL = re.compile(
    r"(?P<open>\()?\s*[-+]?\s*(?P<before>[^\d\s.,+\-()][^\d+\-().,]{0,8}?)?\s*[-+]?\s*"
    r"(?P<core>\d[\d.,' ]*(?:[eE][-+]?\d+)?|[.,]\d+(?:[eE][-+]?\d+)?)"
    r"\s*(?P<behind>[^\d\s,\-()'][^\d()]{0,14}[23]?)?\s*-?\s*(?(open)\))"
)


@dataclass(frozen=True, kw_only=True)
class Numerals:
    """How the cells of one column write numbers."""

    decimal: str = "."
    thousands: str = ""
    affixes: tuple[str, ...] = ()
    """What may stand before or behind a number and means the same in every row: ``$``, ``%``, ``kg``."""
    words: bool = False
    """Whether true and false are 1 and 0."""
    scaled: bool = False
    """Whether a letter or word behind a number multiplies it: 1.2k, $3M, 4 bn."""
    clock: bool = False
    """Whether cells are times such as 12:30 or 12:30:15, in hours."""

    @property
    def unit(self) -> str:
        """Return the unit, for people; empty where there is none."""
        return self.affixes[0] if self.affixes else ""

    @property
    def plain(self) -> bool:
        """Tell whether every tool would read these numbers."""
        return self == Numerals(words=self.words)


def parse(column: pa.ChunkedArray, numerals: Numerals) -> pa.ChunkedArray:
    """Return a text column as float64; a cell that is no number as `numerals` writes them, and NaN, becomes null."""
    if numerals.clock:
        return _hours(_tidied(column))
    text = _without_affixes(_tidied(column), numerals.affixes)
    factors = None
    if numerals.scaled:
        text, factors = _unscaled(text)
    mark, point = re.escape(numerals.thousands), re.escape(numerals.decimal)
    grouped = rf"[1-9]\d{{0,2}}(?:{mark}\d{{2,3}})*{mark}\d{{3}}|" if mark else ""
    digits = rf"(?:(?:{grouped}\d+)(?:{point}\d*)?|{point}\d+)(?:[eE][-+]?\d+)?"
    looks = pc.match_substring_regex(text, rf"^[-+]?(?:{digits}|(?i:inf(?:inity)?))$")
    if mark:
        text = pc.replace_substring(text, numerals.thousands, "")
    if numerals.decimal != ".":
        text = pc.replace_substring(text, numerals.decimal, ".")
    text = pc.replace_substring_regex(text, r"^\+", "")
    values = pc.if_else(looks, text, pa.scalar(None, text.type)).cast(pa.float64())
    values = values if factors is None else pc.multiply(values, factors)
    return _with_words(values, text) if numerals.words else values


def is_missing_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return bool ``[rows]``: whether a text cell is null or says that it has no value."""
    return pc.or_(pc.is_in(pc.utf8_trim_whitespace(column), pa.array((*MISSING, None), pa.string())), is_gap(column))


def is_gap(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return bool ``[rows]``: whether a text cell says that it has no value in a way that pandas does not know."""
    return pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(column)), pa.array(_GAPS, pa.string()))


def is_text_type(kind: pa.DataType) -> bool:
    """Tell whether a column of this type holds text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def only_digits(present: pa.ChunkedArray) -> bool:
    """Tell whether all cells are digits and nothing else: in a file with types they are kept as text for a reason."""
    return bool(pc.all(pc.utf8_is_digit(pc.utf8_trim_whitespace(present))).as_py())


def find_numerals(present: pa.ChunkedArray, hints: Mapping[str, str] | None = None) -> Numerals | str | None:
    """Find out how the text cells `present`, none of them missing, write numbers.

    Args:
        present: Cells of one column.
        hints: What the rest of the file says, for cells that can be read in two ways: ``decimal``, the mark that
            other columns have, and ``separator``, the mark between cells.

    Returns:
        The numerals that at least 95 % of the cells follow (of ten cells or fewer all); a line on why it is not
        certain where most cells look like numbers; None where they do not.
    """
    if not len(present):
        return Numerals()
    found = _proposed(present, hints or {})
    if not isinstance(found, Numerals):
        return found
    odd = parse(present, found).null_count
    if odd <= (1 - ENOUGH) * len(present) or (odd == 1 and len(present) > 10):
        return found
    mostly = len(present) - odd >= MOSTLY * len(present)
    return (
        f"{len(present) - odd} of {len(present)} cells are numbers, too few to take the others for gaps"
        if mostly
        else None
    )


def unusual(present: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the cells that are written as only some tools write numbers: brackets or a sign behind for a minus."""
    return present.filter(pc.match_substring_regex(pc.utf8_trim_whitespace(present), r"^\(|^\x{2212}|\d\s*-$"))


def number_note(what: str, present: pa.ChunkedArray, numerals: Numerals) -> str:
    """Return a line that says how one of the cells `present` was read; `what` names the column."""
    read = present.filter(pc.is_valid(parse(present, numerals)))
    shown = str(max(read.unique().slice(0, 100).to_pylist(), key=len))
    value = parse(pa.chunked_array([pa.array([shown], pa.string())]), numerals).to_pylist()[0]
    kind = "hours" if numerals.clock else "numbers"
    return f"{what}: read as {kind}, {shown.strip()!r} as {value:.12g}"


def _proposed(present: pa.ChunkedArray, hints: Mapping[str, str]) -> Numerals | str | None:
    pairs = present.value_counts().slice(0, _SAMPLE).to_pylist()
    counts = {str(pair["values"]).strip(): int(pair["counts"]) for pair in pairs}
    words = {text.casefold() for text in counts}
    if words <= {"true", "false", "1", "0", "1.0", "0.0"}:
        return Numerals(words=True)
    if parse(present, Numerals()).null_count == 0 and hints.get("decimal", ".") == ".":
        return Numerals()
    total = sum(counts.values())
    if sum(count for text, count in counts.items() if re.match(_CLOCK, text)) >= ENOUGH * total:
        return Numerals(clock=True)
    cells = {text: match for text in counts if (match := _CELL.fullmatch(_clean(text)))}
    if sum(counts[text] for text in cells) < MOSTLY * total and len(counts) - len(cells) > 1:
        return None
    beside = {text: _affix(match) for text, match in cells.items()}
    rest = {text: _without_scale(affix) for text, affix in beside.items()}
    scaled = _are_scaled(beside, rest)
    affixes, doubt = _affixes(rest if scaled else beside, counts)
    if doubt is None or doubt:
        return doubt
    cores = Counter[str]()
    for text, match in cells.items():
        cores[match["core"].strip()] += counts[text]
    found = _marks(cores, affixes, hints)
    return replace(found, scaled=scaled) if isinstance(found, Numerals) else found


def _are_scaled(beside: Mapping[str, str], rest: Mapping[str, str]) -> bool:
    """Tell whether what stands `beside` numbers multiplies them: k and bn do, m and B only beside others or money.

    K behind every number is a unit: kelvin.
    """
    scales = set(map(_scale_of, beside.values())) - {""}
    sure = [one for one in scales if one == "M" or one.lower() not in _WEAK]
    money = any(map(_is_money, filter(None, rest.values())))
    return bool(scales and money) or (bool(sure) and set(beside.values()) != {"K"})


def _scale_of(affix: str) -> str:
    """Return ``k`` of ``$ k``, ``k€`` and ``k``; empty where nothing multiplies."""
    return next((found[1] for part in affix.split() if (found := _SCALED.fullmatch(part))), "")


def _without_scale(affix: str) -> str:
    parts = [found[2] if (found := _SCALED.fullmatch(part)) else part for part in affix.split()]
    return " ".join(filter(None, parts)) if _scale_of(affix) else affix


def _unscaled(text: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Return numbers without the letters that multiply them, and what these multiply by, float64."""
    factors = pa.chunked_array([pa.array(np.ones(len(text)))])
    for factor, words in _FACTORS.items():
        ends = rf"(\d)\s*(?i:{'|'.join(words)})\.?$"
        factors = pc.if_else(pc.fill_null(pc.match_substring_regex(text, ends), False), factor, factors)
        text = pc.replace_substring_regex(text, ends, r"\1")
    return text, factors


def _affix(match: re.Match[str]) -> str:
    parts = [part.strip() for part in (match["before"], match["behind"]) if part and part.strip()]
    return " ".join(parts)


def _affixes(found: Mapping[str, str], counts: Mapping[str, int]) -> tuple[tuple[str, ...], str | None]:
    """Return what stands beside the numbers where it is the same throughout, else why they cannot be read.

    None for a reason where they are no numbers but codes, such as A12.
    """
    kinds: dict[str, list[str]] = {}
    rows = Counter[str]()
    for text, affix in found.items():
        kinds.setdefault(_same(affix), [])
        rows[_same(affix)] += counts[text]
        if affix not in kinds[_same(affix)]:
            kinds[_same(affix)].append(affix)
    bare, named = rows.pop("", 0), [kind for kind in kinds if kind]
    if not named:
        return (), ""
    total = bare + sum(rows.values())
    main = max(named, key=rows.__getitem__)
    money = _is_money(main)
    rest = total - rows[main] - (bare if money else 0)
    single = rest <= (1 - ENOUGH) * total and not (rest and len(named) == 2 and rows[main] < 20)
    before = any(text.lstrip("(-+ ").startswith(tuple(kinds[main])) for text in found)
    if single and (money or not before):
        # What stands on both sides, as in "$5 each", is taken away on each.
        return tuple(dict.fromkeys(part for affix in kinds[main] for part in (affix, *affix.split()))), ""
    if len(named) > 5 or (before and main[0].isalpha() and not money):
        return (), None
    shown = ", ".join(repr(kinds[kind][0]) for kind in sorted(named, key=rows.__getitem__, reverse=True)[:3])
    beside = f"{shown} and nothing" if bare else shown
    return (), f"numbers with {beside} beside them cannot be put on one scale"


def _marks(cores: Counter[str], affixes: tuple[str, ...], hints: Mapping[str, str]) -> Numerals | str | None:
    """Return the numerals that most of `cores` follow, or why two ways to read them are equally good."""
    values = pa.chunked_array([pa.array(list(cores), pa.string())])
    weights = list(cores.values())
    ways = [Numerals(decimal=decimal, thousands=mark, affixes=affixes) for decimal, mark in _SYSTEMS]
    read = [parse(values, Numerals(decimal=way.decimal, thousands=way.thousands)).to_pylist() for way in ways]
    rows = [sum(weight for weight, value in zip(weights, one, strict=True) if value is not None) for one in read]
    best = max(rows)
    winners = [place for place, count in enumerate(rows) if count == best]
    if not best:
        return None
    distinct = [place for at, place in enumerate(winners) if all(read[place] != read[other] for other in winners[:at])]
    if len(distinct) == 1:
        return ways[distinct[0]]
    return _told(cores, [ways[place] for place in distinct], hints)


def _told(cores: Counter[str], ways: Sequence[Numerals], hints: Mapping[str, str]) -> Numerals | str:
    """Decide between readings of the same cells, by what the rest of the file says."""
    decimal = hints.get("decimal", "")
    if not decimal and "," in "".join(cores):
        decimal = {";": ",", ",": "."}.get(hints.get("separator", ""), "")
        decimal = decimal or ("." if set(map(_same, ways[0].affixes)) & _POINTED else "")
    elif not decimal:
        decimal = "."
    for way in ways:
        if way.decimal == decimal:
            return way
    return f"{next(iter(cores))!r} has a decimal comma or a comma between thousands"


def _hours(text: pa.ChunkedArray) -> pa.ChunkedArray:
    parts = [pc.extract_regex(chunk, pattern=_CLOCK) for chunk in text.chunks]
    found = pa.chunked_array(parts, type=pa.struct({name: pa.string() for name in ("hours", "minutes", "seconds")}))
    seconds = pc.struct_field(found, "seconds")
    # An absent group is empty, not null.
    seconds = pc.if_else(pc.equal(seconds, ""), "0", seconds).cast(pa.float64())
    minutes = pc.struct_field(found, "minutes").cast(pa.float64())
    hours = pc.struct_field(found, "hours").cast(pa.float64())
    return pc.add(hours, pc.add(pc.divide(minutes, 60.0), pc.divide(seconds, 3600.0)))


def _without_affixes(text: pa.ChunkedArray, affixes: Sequence[str]) -> pa.ChunkedArray:
    text = pc.replace_substring_regex(text, r"^\(\s*(.*?)\s*\)$", r"-\1")
    if affixes:
        some = "|".join(re.escape(affix) for affix in sorted(affixes, key=len, reverse=True))
        text = pc.replace_substring_regex(text, rf"^([-+]?)\s*(?i:{some})\s*([-+]?)\s*", r"\1\2")
        text = pc.replace_substring_regex(text, rf"\s*(?i:{some})\s*(-?)$", r"\1")
    text = pc.replace_substring_regex(text, r"^([-+])\s+", r"\1")
    return pc.replace_substring_regex(text, r"^([^-]*\d)\s*-$", r"-\1")


def _tidied(column: pa.ChunkedArray) -> pa.ChunkedArray:
    text = pc.replace_substring_regex(column.cast(pa.string()), _SPACES, " ")
    text = pc.replace_substring_regex(text, "\u2212", "-")
    text = pc.replace_substring_regex(text, "[\u2019\u02bc]", "'")
    return pc.utf8_trim_whitespace(text)


def _clean(text: str) -> str:
    text = re.sub(_SPACES, " ", text).replace("\u2212", "-")
    return re.sub("[\u2019\u02bc]", "'", text).strip()


def _with_words(values: pa.ChunkedArray, text: pa.ChunkedArray) -> pa.ChunkedArray:
    lower = pc.utf8_lower(text)
    values = pc.if_else(pc.fill_null(pc.equal(lower, "true"), False), 1.0, values)
    return pc.if_else(pc.fill_null(pc.equal(lower, "false"), False), 0.0, values)


def _same(affix: str) -> str:
    """Return what `kg` and `KG.`, `year` and `years` have in common."""
    short = affix.casefold().rstrip(".")
    return short[:-1] if len(short) > 3 and short.endswith("s") else short


def _is_money(kind: str) -> bool:
    return any(unicodedata.category(letter) == "Sc" for letter in kind) or kind.strip(". ") in _CODES
