"""What an encoder is shown through a bridge, in a word: what it may have been trained on, or not."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["RENDERED", "signal_seen"]

RENDERED = "rendered text"


def signal_seen(kinds: Iterable[str], sink: str) -> str:
    """Name what an encoder is shown.

    Args:
        kinds: Signal kinds of a task's fields.
        sink: Kind of the encoder's input that the bridge ends in.

    Returns:
        The kind itself where the bridge leaves the signal what it is, and for all that is written out as text;
        ``rendered text`` for strips of patches; else ``audio as image`` and the like. Nothing for what a trained
        bridge makes, which no encoder has seen.
    """
    source = "+".join(sorted(set(kinds)))
    if sink == "embeddings":
        return ""
    if sink == "patches":
        return RENDERED
    return sink if source == sink or sink == "text" else f"{source} as {sink}"
