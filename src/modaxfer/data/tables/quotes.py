"""Quotes in delimited text: which ones enclose a cell, and which were only meant as a mark in the text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import Enum, auto

from modaxfer.errors import DataError

__all__ = ["Quotes", "cells", "whole_lines"]

_LONGEST = 1 << 30
"""Bytes that one quoted cell may have."""

_SAMPLE = 1000
"""Rows from which is learned what a column holds."""

_NUMBER = re.compile(rb"\s*[-+]?[\d.,]*\d[\d.,]*\s*")


class _State(Enum):
    DONE = auto()
    OPEN = auto()
    MALFORMED = auto()


class Quotes:
    """Mends rows in which a quote is opened and not closed, so that no row swallows those below it.

    A cell is enclosed where it begins with a quote and the next single quote ends it. Where that does not come, or
    what it would swallow looks line by line like rows of their own, the quotes of the line are part of the text.

    Args:
        file: Name of the file, for messages.
        delimiter: Between cells.
        width: Cells per row.
        sample: First lines below the header, from which is learned what the columns hold.
    """

    def __init__(self, file: str, delimiter: str, width: int, sample: Sequence[str]) -> None:
        self._file, self._delimiter, self._width = file, delimiter.encode(), width
        mark = re.escape(self._delimiter)
        cell = rb'(?:"(?:[^"\n]|"")*+"|[^"\r\n%b][^\r\n%b]*+|(?=[\r\n%b]|\Z))' % (mark, mark, mark)
        rest = rb"(?:%b%b)*+" % (mark, cell)
        self._clean = re.compile(rb"(?:%b%b\r?\n)*+(?:%b%b)?" % (cell, rest, cell, rest))
        self._done = re.compile(rest + rb"\r?\n?\Z")
        self._opens = re.compile(rest + rb'%b"(?:[^"]|"")*+\Z' % mark)
        self._closes = re.compile(rb'(?:[^"]|"")*+"')
        self._token = re.compile(rb'"(?:[^"\n]|"")*+"(?=%b|\r?\n?\Z)|[^%b\r\n]*+' % (mark, mark))
        self._spaced = re.compile(rb'(^|%b) +("(?:[^"\n]|"")*+") *(?=%b|\r?$)' % (mark, mark), re.MULTILINE)
        spaced, enclosed = (sum(mark in line for line in sample) for mark in (f'{delimiter} "', f'{delimiter}"'))
        self._is_spaced = delimiter != " " and spaced > enclosed
        self._known = self._columns([line.encode() for line in sample[:_SAMPLE]])
        self.literal = 0
        """Rows whose quotes were taken as part of the text."""
        self.first = 0
        """The first of them, from 1."""
        self._row = 0

    def mended(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield `blocks` of lines below the header, with quotes that enclose nothing doubled and enclosed.

        Raises:
            DataError: A quote is opened and not closed, and the row has not the cells of the header without it.
        """
        held: list[bytes] = []
        for whole in whole_lines(blocks):
            block = self._spaced.sub(rb"\1\2", whole) if self._is_spaced and not held else whole
            if not held and self._clean.fullmatch(block):
                self._row += len(re.findall(rb"(?m)^(?!\r?$)", block))
                yield block
            else:
                done, held = self._taken(held, block.splitlines(keepends=True))
                yield b"".join(done)
        while held:
            first, *rest = self._unclosed(held)
            done, held = self._taken([], rest)
            yield b"".join((first, *done))

    def _taken(self, held: list[bytes], lines: list[bytes]) -> tuple[list[bytes], list[bytes]]:
        """Return lines that are settled, and those of a row that goes on."""
        done: list[bytes] = []
        lines = lines[::-1]
        size = sum(map(len, held))
        while lines:
            line = lines.pop()
            state = self._scan(line, inside=bool(held))
            held.append(line)
            size += len(line)
            if state is _State.OPEN and size < _LONGEST:
                continue
            if state is _State.DONE and not (len(held) > 1 and self._looks_like_rows(held)):
                self._row += bool(line.strip())
                done += held
            else:
                first, *rest = self._unclosed(held)
                done.append(first)
                lines += rest[::-1]
            held, size = [], 0
        return done, held

    def _scan(self, line: bytes, *, inside: bool) -> _State:
        start = 0
        if inside or line.startswith(b'"'):
            closing = self._closes.match(line, 0 if inside else 1)
            if closing is None:
                return _State.OPEN
            start = closing.end()
        elif line[:1] not in (self._delimiter, b"\r", b"\n"):
            start = len(self._token.match(line).group())  # type: ignore[union-attr]
        if self._done.match(line, start):
            return _State.DONE
        return _State.OPEN if self._opens.match(line, start) else _State.MALFORMED

    def _unclosed(self, held: list[bytes]) -> list[bytes]:
        """Return `held` with the quotes of its first line taken as text."""
        line = held[0]
        found = self._tokens(line)
        self._row += 1
        if len(found) != self._width:
            raise DataError(
                "a quote is opened and not closed in its row", file=self._file, row=self._row,
                got=line.decode("utf-8", "replace")[:80].strip(),
                fix='close it, or double a quote that is part of a quoted text ("" instead of \\")',
            )  # fmt: skip
        self.literal += 1
        self.first = self.first or self._row
        enclosed = [
            token if b'"' not in token or self._is_enclosed(token) else b'"' + token.replace(b'"', b'""') + b'"'
            for token in found
        ]
        return [self._delimiter.join(enclosed) + b"\n", *held[1:]]

    def _looks_like_rows(self, lines: list[bytes]) -> bool:
        # The first and the last may have a comma too many; those between have not by chance what rows have.
        found = [self._tokens(line) for line in (lines[1:-1] if len(lines) > 2 else lines)]
        if self._width < 2 or any(len(tokens) != self._width for tokens in found):
            return False
        typed = [(place, known) for place, known in enumerate(self._known) if known is not None]
        if not typed:
            return self._delimiter == b"\t" and len(self._tokens(lines[0])) == self._width
        return all(_is_like(tokens[place], known) for tokens in found for place, known in typed)

    def _tokens(self, line: bytes) -> list[bytes]:
        found, start, line = [], 0, line.rstrip(b"\r\n")
        while True:
            token = self._token.match(line, start).group()  # type: ignore[union-attr]
            found.append(token)
            start += len(token) + 1
            if start > len(line):
                return found

    def _is_enclosed(self, token: bytes) -> bool:
        return len(token) > 1 and token.startswith(b'"') and self._closes.fullmatch(token, 1) is not None

    def _columns(self, lines: list[bytes]) -> list[frozenset[bytes] | None]:
        """Return by column its values where they are few, an empty set where it holds numbers, else None."""
        rows = [tokens for line in lines if b'"' not in line and len(tokens := self._tokens(line)) == self._width]
        return [_kind(Counter(column)) for column in zip(*rows, strict=True)] if len(rows) > 3 else []


def _kind(values: Counter[bytes]) -> frozenset[bytes] | None:
    if all(_NUMBER.fullmatch(value) for value in values):
        return frozenset()
    often = {value: count for value, count in values.items() if count > 2}
    return frozenset(often) if sum(often.values()) * 2 > values.total() else None


def _is_like(token: bytes, known: frozenset[bytes]) -> bool:
    return token in known if known else _NUMBER.fullmatch(token) is not None


def cells(line: str, delimiter: str) -> list[str]:
    """Return the cells of one line; a quote that is not closed in it is part of the text."""
    found, start = [], 0
    mark = re.escape(delimiter)
    token = re.compile(rf' *"((?:[^"]|"")*+)" *(?={mark}|\r?\n?\Z)|([^{mark}\r\n]*+)')
    line = line.rstrip("\r\n")
    while start <= len(line):
        match = token.match(line, start)
        assert match is not None  # The second branch matches anything.
        found.append(match[2] if match[1] is None else match[1].replace('""', '"'))
        start = match.end() + 1
    return found


def whole_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield `blocks` cut again, so that each but the last ends with a line."""
    rest: list[bytes] = []
    for block in blocks:
        end = block.rfind(b"\n") + 1
        if not end:
            rest.append(block)
            continue
        yield b"".join((*rest, block[:end]))
        rest = [block[end:]]
    if last := b"".join(rest):
        yield last
