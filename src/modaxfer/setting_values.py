"""Values of settings as people write them, in flags, YAML and Python: turned into their types, and checked."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping
from typing import Any

from modaxfer.synonyms import meant_value

__all__ = ["check_value", "converted", "takes_none"]

LONGEST_SHOWN = 60
"""Characters of a wrong value that a message shows."""


def takes_none(hint: Any) -> bool:
    """Return whether a field of type `hint` may be None."""
    return type(None) in typing.get_args(hint) or hint is Any


def converted(value: Any, hint: Any) -> Any:
    """Return `value` as a field of type `hint` holds it.

    Raises:
        ValueError: It cannot be one; says what was given and what is expected.
    """
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        options = [option for option in typing.get_args(hint) if option is not type(None)]
        # A column or a folder may be called "none"; a number cannot.
        empty = ("",) if options[0] is str else ("none", "null", "")
        return None if value is None or str(value).lower() in empty else converted(value, options[0])
    if typing.get_origin(hint) is tuple:
        if value is None:
            return ()
        if isinstance(value, str):
            value = value.split(",") if value else ()
        items = value if isinstance(value, (list, tuple)) else (value,)
        return tuple(converted(item, typing.get_args(hint)[0]) for item in items)
    if hint is bool:
        return _boolean(value)
    if hint in (int, float):
        return _number(value, hint)
    if hint is str:
        return _text(value)
    if typing.get_origin(hint) is Mapping and not isinstance(value, Mapping):
        raise ValueError(f"got {value!r}, expected keys with values")
    return value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        raise ValueError(f"got {str(value).lower()}, expected text; in YAML, put the word in quotes")
    if isinstance(value, Mapping | list | tuple | set):
        raise ValueError(f"got {value!r}, expected one text")
    return str(value)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if str(value).lower() in words:
        return words[str(value).lower()]
    raise ValueError(f"got {value!r}, expected true or false")


def _number(value: Any, hint: type) -> Any:
    expected = "a whole number" if hint is int else "a number"
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"got {_short(value)}, expected {expected}") from None
    if isinstance(value, bool) or not math.isfinite(number) or (hint is int and number != int(number)):
        raise ValueError(f"got {_short(value)}, expected {expected}")
    return hint(number)


def _short(value: Any) -> str:
    """Return `value` for a message; a number of thousands of digits, which Python itself refuses to write, cut."""
    try:
        text = repr(value)
    except ValueError:
        return "a number of very many digits"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


def check_value(value: Any, metadata: Mapping[str, Any]) -> None:
    """Check a value against its declaration: ``choices``, ``above``, ``minimum``, ``maximum``.

    Raises:
        ValueError: It is none of the choices, or out of range.
    """
    choices, minimum, maximum, above = (metadata.get(key) for key in ("choices", "minimum", "maximum", "above"))
    if value is None:
        return
    if isinstance(value, tuple):
        for item in value:
            check_value(item, metadata)
        return
    if choices and value not in choices:
        close = meant_value(str(value), choices)
        raise ValueError(
            f"got {value!r}, allowed {', '.join(choices)}" + (f" (did you mean {close[0]}?)" if close else "")
        )
    if above is not None and value <= above:
        raise ValueError(f"got {value!r}, must be above {above:g}")
    if minimum is not None and value < minimum:
        raise ValueError(f"got {value!r}, must be at least {minimum}")
    if maximum is not None and value > maximum:
        raise ValueError(f"got {value!r}, must be at most {maximum}")
