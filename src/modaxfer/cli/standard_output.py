"""Standard output and error as they really are: consoles that know few letters, pipes whose reader has gone."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

__all__ = ["TolerantStream", "forget", "tolerant_streams"]


class TolerantStream:
    """Standard error that outlives its reader: a run goes on when nobody listens any more.

    Args:
        stream: Where text goes while there is a reader.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write `text`, or drop it where the reader has gone."""
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            forget(self._stream)
            return len(text)

    def flush(self) -> None:
        """Hand over what is buffered, or drop it."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            forget(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def forget(stream: TextIO | None) -> None:
    """Let what is written to `stream` from now on go nowhere, so that the interpreter can end in peace."""
    with suppress(OSError, AttributeError, ValueError, io.UnsupportedOperation):
        os.dup2(os.open(os.devnull, os.O_WRONLY), cast("TextIO", stream).fileno())


@contextmanager
def tolerant_streams() -> Iterator[None]:
    """Write letters that a console does not know as escapes, and let standard error outlive its reader.

    A stream that is closed altogether is replaced by one that goes nowhere.
    """
    output, error = sys.stdout, sys.stderr
    sys.stdout = _escaping(output)
    sys.stderr = cast("TextIO", TolerantStream(_escaping(error)))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = output, error


def _escaping(stream: TextIO | None) -> TextIO:
    if stream is None:
        return io.StringIO()
    with suppress(AttributeError, ValueError, io.UnsupportedOperation):
        cast("io.TextIOWrapper", stream).reconfigure(errors="backslashreplace")
    return stream
