"""Text files in whatever encoding they were saved: which one it is, and their bytes in UTF-8."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from modaxfer.errors import DataError

__all__ = ["TextFile", "survey"]

BLOCK = 1 << 20
"""Bytes that are read at once."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks; that of UTF-32 begins with that of UTF-16."""

_WESTERN = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüÿŠšŽžŒœŸªº")
_IN_WORDS = frozenset("\u2018\u2019\u2013\u2014\u00ad\u00b7\u00b4")
"""Marks that may stand between two letters."""

_OPENING = frozenset("\u201a\u201e\u2039\u02c6\u2020\u2021\u0192")
"""Marks that no small letter comes before."""

_ELSEWHERE = (("ø", "ìèùò"), ("õ", "öüû"), ("šž", "èæ"))
"""Letters that no Western language has together: then the file is Czech, Hungarian or Croatian in cp1250."""

_FEW = 10_000
"""Bytes beyond ASCII that are looked at to tell an encoding."""

_ADVICE = (
    "save it as UTF-8 from the program that wrote it, or with `iconv -f ENCODING -t UTF-8 OLD > NEW`; ENCODING is "
    "cp1252 for Western Europe, cp1250 for Central Europe, cp1251 for Cyrillic, GB18030 or SHIFT_JIS for East Asia"
)


@dataclass(frozen=True, kw_only=True)
class TextFile:
    """A text file that was read through once and can be decoded to its end."""

    open: Callable[[], BinaryIO]
    """Opens the file at its start, unpacked."""
    encoding: str
    quoted: bool
    """Whether a double quote stands anywhere."""
    old_mac: bool
    """Whether lines end in a carriage return alone."""
    notes: tuple[str, ...] = ()

    def blocks(self) -> Iterator[bytes]:
        """Yield the text in UTF-8, lines ending in a line feed, without a byte order mark."""
        with self.open() as stream:
            for block in _decoded(stream, self.encoding):
                yield block.replace(b"\r", b"\n") if self.old_mac else block

    def head(self, size: int = BLOCK) -> str:
        """Return the first characters, up to a line's end where the file goes on."""
        found = bytearray()
        for block in self.blocks():
            found += block
            if len(found) > size:
                return bytes(found[: found.rfind(b"\n") + 1] or found).decode("utf-8", "ignore")
        return found.decode()


def survey(name: str, source: Callable[[], BinaryIO]) -> TextFile:
    """Read a text file through once and say how it is to be read.

    Without a byte order mark it is UTF-8; a file that is not is Windows' Western encoding (cp1252) where nothing in it
    speaks against that, which is noted with a sample.

    Args:
        name: Name of the file, for messages.
        source: Opens its bytes, unpacked.

    Raises:
        DataError: The encoding cannot be told, or the file holds NUL bytes (names the line).
    """
    with source() as stream:
        encoding = _by_mark(stream.read(4096))
    quoted = old = new = False
    notes: tuple[str, ...] = ()
    try:
        lines = 1
        with source() as stream:
            for block in _decoded(stream, encoding, check=True):
                if b"\0" in block:
                    raise _nul(name, lines + block[: block.index(b"\0")].count(b"\n"))
                lines += block.count(b"\n")
                quoted, old, new = quoted or b'"' in block, old or b"\r" in block, new or b"\n" in block
    except UnicodeDecodeError:
        if encoding not in ("utf-8", "utf-8-sig"):
            raise DataError(f"not {encoding.upper()} text, though it says so", file=name, fix=_ADVICE) from None
        encoding, notes = "cp1252", (_western(name, source),)
        return TextFile(open=source, encoding=encoding, quoted=True, old_mac=_old_mac(source), notes=notes)
    return TextFile(open=source, encoding=encoding, quoted=quoted, old_mac=old and not new, notes=notes)


def _by_mark(head: bytes) -> str:
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    even, odd = head[::2].count(0), head[1::2].count(0)
    # ASCII in UTF-16 has a NUL in every other place.
    if max(even, odd) > len(head) // 5 and min(even, odd) <= len(head) // 100:
        return "utf-16-le" if odd > even else "utf-16-be"
    return "utf-8"


def _decoded(stream: BinaryIO, encoding: str, *, check: bool = False) -> Iterator[bytes]:
    if encoding == "utf-8" and not check:
        while block := stream.read(BLOCK):
            yield block
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    while block := stream.read(BLOCK):
        text = decoder.decode(block)
        yield block if encoding == "utf-8" else text.encode()
    decoder.decode(b"", final=True)


def _nul(name: str, line: int) -> DataError:
    return DataError(
        f"line {line} holds a NUL byte, which no text has", file=name,
        fix="the file was cut off while it was written, or is no text; write it again",
    )  # fmt: skip


def _old_mac(source: Callable[[], BinaryIO]) -> bool:
    with source() as stream:
        head = stream.read(BLOCK)
    return b"\r" in head and b"\n" not in head


def _western(name: str, source: Callable[[], BinaryIO]) -> str:
    """Return a note that the file was read as cp1252, with a sample.

    Raises:
        DataError: It may as well be another encoding; names the first line that is not UTF-8.
    """
    found: list[bytes] = []
    sample, row = b"", 0
    with source() as stream:
        for number, line in enumerate(stream, 1):
            if line.isascii():
                continue
            if not sample and not _is_utf8(line):
                sample, row = line, number
            found += re.findall(rb"[A-Za-z]?[\x80-\xff]+[A-Za-z]?", line)
            if len(found) > _FEW and sample:
                break
    if not _is_western(found):
        raise DataError(f"line {row} is not UTF-8 text", file=name, got=repr(_around(sample))[2:-1], fix=_ADVICE)
    shown = _around(sample).decode("cp1252")
    return f"{name.rpartition('/')[2]} is not UTF-8 and was read as Windows-1252 (cp1252), e.g. line {row}: {shown}"


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _around(line: bytes) -> bytes:
    """Return what stands around the first byte of `line` that is not UTF-8."""
    try:
        line.decode()
    except UnicodeDecodeError as error:
        return line[max(0, error.start - 20) : error.start + 20].strip()
    return line[:40].strip()


def _is_western(found: list[bytes]) -> bool:
    letters: set[str] = set()
    for piece in found:
        try:
            text = piece.decode("cp1252")
        except UnicodeDecodeError:
            return False
        high = text.strip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        # Words of Cyrillic, Greek or Chinese are long runs; a run that is UTF-8 says that only parts are broken.
        if len(high) > 2 or (len(high) > 1 and _is_utf8(high.encode("cp1252"))):
            return False
        marks = [letter for letter in high if letter not in _WESTERN]
        if any(letter.isalpha() and letter not in "\u00b5" for letter in marks):
            return False
        # In Mac OS Roman and DOS, accented small letters are what here are capitals and opening quotes.
        if text[0].islower() and any(letter.isupper() or letter in _OPENING for letter in high):
            return False
        if marks and text[0].isalpha() and text[-1].isalpha() and not set(marks) <= _IN_WORDS:
            return False
        letters |= set(high.lower())
    return not any(letters & set(one) and letters & set(other) for one, other in _ELSEWHERE)
