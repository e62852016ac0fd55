"""Bridges that leave the signal what it is: text stays text, words stay apart, an image an image, a sound a sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modaxfer.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PIL import Image

    from modaxfer.contracts import InputLayout, Row, Sound, Words
    from modaxfer.spec import Field

__all__ = ["AudioBridge", "ImageBridge", "TextBridge", "WordsBridge", "texts_of"]

MARGIN = 0.1
"""Seconds that are read beyond those that are heard."""


class TextBridge:
    """Hands a row's text fields to a text encoder, one string per field, in the task's order.

    Args:
        options: Unused; a native bridge has no options.
        fields: Text fields of the task, at least one.
        layout: Unused; the tokeniser knows the encoder's limits.
        root: Unused; texts stand in the row itself.

    Raises:
        RefusedError: A field is not text, or there is none.
    """

    def __init__(self, options: Any, fields: tuple[Field, ...], layout: InputLayout, root: Path | None) -> None:
        _require_kind(fields, "text")
        self._names = tuple(field.name for field in fields)
        self.identity = f"native-text:{','.join(self._names)}"

    def __call__(self, rows: Sequence[Row]) -> list[tuple[str, ...]]:
        """Return one tuple of stripped strings per row."""
        return [texts_of(row, self._names) for row in rows]


class WordsBridge:
    """Hands the words of a row to a text encoder, whose processor says which token is which word's first.

    Args:
        options: Unused; a native bridge has no options.
        fields: The task's one field of words.
        layout: Unused; the tokeniser knows the encoder's limits.
        root: Unused; words stand in the row itself.

    Raises:
        RefusedError: A field is of another kind, or there is not exactly one.
    """

    def __init__(self, options: Any, fields: tuple[Field, ...], layout: InputLayout, root: Path | None) -> None:
        self._name = _only_field(fields, "words")
        self.identity = f"native-words:{self._name}"

    def __call__(self, rows: Sequence[Row]) -> list[Words]:
        """Return the words of each row."""
        from modaxfer.contracts import Words

        return [Words(words=tuple(row[self._name])) for row in rows]


class ImageBridge:
    """Decodes a row's image to RGB.

    Args:
        options: Unused; a native bridge has no options.
        fields: The task's one image field.
        layout: Unused; the image processor resizes.
        root: Folder that relative paths are resolved against and may not leave.

    Raises:
        RefusedError: A field is not an image, or there is not exactly one.
    """

    def __init__(self, options: Any, fields: tuple[Field, ...], layout: InputLayout, root: Path | None) -> None:
        self._name, self._root = _only_field(fields, "image"), root
        self.identity = f"native-image:{self._name}"

    def __call__(self, rows: Sequence[Row]) -> list[Image.Image]:
        """Return one RGB image per row.

        Raises:
            DataError: An image cannot be read.
        """
        from modaxfer.data.media import read_images

        return read_images([row[self._name] for row in rows], self._root)


class AudioBridge:
    """Decodes a row's sound to mono samples at its own rate; the encoder's processor resamples.

    Args:
        options: Unused; a native bridge has no options.
        fields: The task's one audio field.
        layout: Its `seconds` say how far a sound is read.
        root: Folder that relative paths are resolved against and may not leave.

    Raises:
        RefusedError: A field is not audio, or there is not exactly one.
    """

    def __init__(self, options: Any, fields: tuple[Field, ...], layout: InputLayout, root: Path | None) -> None:
        self._name, self._root, self._seconds = _only_field(fields, "audio"), root, layout.seconds
        self.identity = f"native-audio:{self._name}"

    def __call__(self, rows: Sequence[Row]) -> list[Sound]:
        """Return one sound per row, up to the encoder's seconds and a little more.

        Raises:
            DataError: A sound cannot be read.
        """
        from modaxfer.data.media import read_sounds

        # The little more is what the filter that resamples needs at the end.
        seconds = None if self._seconds is None else self._seconds + MARGIN
        return read_sounds([row[self._name] for row in rows], self._root, seconds)


def texts_of(row: Row, names: Sequence[str]) -> tuple[str, ...]:
    """Return the values of `names` in `row` as stripped strings; a missing value is the empty string."""
    return tuple("" if row[name] is None else str(row[name]).strip() for name in names)


def _require_kind(fields: tuple[Field, ...], kind: str) -> None:
    if fields and all(field.signal.kind == kind for field in fields):
        return
    raise RefusedError(
        f"a native {kind} bridge takes {kind} fields only",
        got=[f"{field.name} ({field.signal})" for field in fields] or "no field",
        allowed=f"at least one field, all of kind {kind}",
        fix="choose a task or fields of one kind, or an encoder of the fields' kind",
    )


def _only_field(fields: tuple[Field, ...], kind: str) -> str:
    """Return the name of the single field.

    Raises:
        RefusedError: There is more than one, or it is of another kind.
    """
    _require_kind(fields, kind)
    if len(fields) > 1 and kind == "words":
        raise RefusedError(
            "the words of one column are tagged, and this task has several", got=[field.name for field in fields],
            allowed="one column of words", fix="name one of them",
        )  # fmt: skip
    if len(fields) > 1:
        raise RefusedError(
            f"an encoder takes one {kind} per row; more need fusion of several passes or a montage into one {kind}",
            got=[field.name for field in fields],
            allowed=f"one {kind} field",
            fix=f"name one {kind} column, or leave --bridge out: "
            + ("montage draws them into one picture" if kind == "image" else "embed reads them one after the other"),
        )
    return fields[0].name
