"""Rules of spans against the tables of seqeval's own tests (github.com/chakki-works/seqeval, tests/test_scheme.py)."""

from itertools import pairwise

import pytest

from modaxfer.metrics.spans import Span, has_spans, scheme_of, spans, strict_spans

PAIRS = ("O", "I-PER", "B-PER", "E-PER", "S-PER", "I-ORG", "B-ORG")


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        # tests/test_metrics.py: test_get_entities
        (["O", "O", "O", "B-MISC", "I-MISC", "I-MISC", "O", "B-PER", "I-PER"], [("MISC", 3, 6), ("PER", 7, 9)]),
        (["I-PER"], [("PER", 0, 1)]),  # what conlleval forgives: no B- in front
        (["B-PER", "I-LOC"], [("PER", 0, 1), ("LOC", 1, 2)]),
        (["B-PER", "B-PER"], [("PER", 0, 1), ("PER", 1, 2)]),
        (["E-PER", "I-PER"], [("PER", 0, 1), ("PER", 1, 2)]),
        (["B-PER", "E-PER", "E-PER"], [("PER", 0, 2), ("PER", 2, 3)]),
        (["S-PER", "I-PER"], [("PER", 0, 1), ("PER", 1, 2)]),
        (["B", "I", "O", "I"], [("_", 0, 2), ("_", 3, 4)]),
        (["I-ORG-COMPANY", "I-ORG-UNION"], [("ORG-COMPANY", 0, 1), ("ORG-UNION", 1, 2)]),
        (["PER", "PER", "O", "LOC"], [("PER", 0, 2), ("LOC", 3, 4)]),  # IO without a prefix
        (["O", "O"], []),
        ([], []),
    ],
)
def test_lenient_spans(tags: list[str], expected: list[tuple[str, int, int]]) -> None:
    assert spans(tags) == [Span(*one) for one in expected]


def _conlleval(tags: list[str]) -> list[tuple[str, int, int]]:
    """Spans by the two tables of conlleval, end and start of a chunk, written down one by one."""
    found, begun = [], 0
    pairs = [("O", "")] + [(tag[0], tag[2:]) for tag in tags] + [("O", "")]
    for place, ((before, kind_before), (now, kind)) in enumerate(pairwise(pairs)):
        ends = before in "ES" or (before in "BI" and now in "BSO") or (before != "O" and kind_before != kind)
        starts = now in "BS" or (before in "ESO" and now in "EI") or (now != "O" and kind_before != kind)
        if ends:
            found.append((kind_before, begun, place))
        if starts:
            begun = place
    return found


def test_every_row_of_three_tags_is_read_as_conlleval_does() -> None:
    rows = [[a, b, c] for a in PAIRS for b in PAIRS for c in PAIRS]
    assert [spans(row) for row in rows] == [[Span(*one) for one in _conlleval(row)] for row in rows]


IOB2 = [
    (["B-PER"], [("PER", 0, 1)]),
    (["I-PER"], []),
    (["O", "I-PER"], []),
    (["O", "B-PER"], [("PER", 1, 2)]),
    (["I-PER", "I-ORG"], []),
    (["I-PER", "B-ORG"], [("ORG", 1, 2)]),
    (["B-PER", "I-PER"], [("PER", 0, 2)]),
    (["B-PER", "I-ORG"], [("PER", 0, 1)]),
    (["B-PER", "B-PER"], [("PER", 0, 1), ("PER", 1, 2)]),
    (["B-PER", "B-ORG"], [("PER", 0, 1), ("ORG", 1, 2)]),
    (["B", "I"], [("_", 0, 2)]),
]
IOE2 = [
    (["E-PER"], [("PER", 0, 1)]),
    (["I-PER"], []),
    (["I-PER", "I-ORG"], []),
    (["I-PER", "E-PER"], [("PER", 0, 2)]),
    (["I-PER", "E-ORG"], [("ORG", 1, 2)]),
    (["E-PER", "I-PER"], [("PER", 0, 1)]),
    (["E-PER", "E-PER"], [("PER", 0, 1), ("PER", 1, 2)]),
    (["E-PER", "E-ORG"], [("PER", 0, 1), ("ORG", 1, 2)]),
    (["I-LOC", "I-PER", "E-PER"], [("PER", 1, 3)]),
]
IOBES = [
    (["I-PER"], []),
    (["B-PER"], []),
    (["E-PER"], []),
    (["S-PER"], [("PER", 0, 1)]),
    (["I-PER", "E-PER"], []),
    (["I-PER", "S-PER"], [("PER", 1, 2)]),
    (["B-PER", "I-PER"], []),
    (["B-PER", "B-PER"], []),
    (["B-PER", "E-PER"], [("PER", 0, 2)]),
    (["B-PER", "E-ORG"], []),
    (["B-PER", "S-PER"], [("PER", 1, 2)]),
    (["E-PER", "S-PER"], [("PER", 1, 2)]),
    (["S-PER", "E-PER"], [("PER", 0, 1)]),
    (["B-PER", "L-PER", "U-LOC"], [("PER", 0, 2), ("LOC", 2, 3)]),  # BILOU: the same under other names
]


@pytest.mark.parametrize(
    ("scheme", "tags", "expected"),
    [(name, *one) for name, table in (("IOB2", IOB2), ("IOE2", IOE2), ("IOBES", IOBES)) for one in table],
)
def test_strict_spans(scheme: str, tags: list[str], expected: list[tuple[str, int, int]]) -> None:
    assert strict_spans(tags, scheme) == [Span(*one) for one in expected]


def test_in_io_nothing_is_malformed() -> None:
    assert strict_spans(["I-PER", "I-PER", "I-LOC"], "IO") == [Span("PER", 0, 2), Span("LOC", 2, 3)]


@pytest.mark.parametrize(
    ("rows", "scheme"),
    [
        ([["B-PER", "I-PER", "O"]], "IOB2"),
        ([["O"], ["B-PER"]], "IOB2"),
        ([["I-PER", "E-PER"]], "IOE2"),
        ([["B-PER", "E-PER"]], "IOBES"),
        ([["S-PER"]], "IOBES"),
        ([["U-PER", "O"]], "IOBES"),
        ([["I-PER", "O"]], "IO"),
        ([["NOUN", "VERB"]], "IO"),
    ],
)
def test_scheme_is_that_of_the_prefixes(rows: list[list[str]], scheme: str) -> None:
    assert scheme_of(rows) == scheme


@pytest.mark.parametrize(
    ("tags", "expected"),
    [(["O", "B-PER"], True), (["B", "I"], True), (["O", "PER"], True), (["NN", "VB"], False), (["NN", "B-X"], False)],
)
def test_tags_that_mark_spans(tags: list[str], expected: bool) -> None:
    assert has_spans(tags) is expected
