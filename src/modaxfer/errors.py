"""One family of errors. Each says what is wrong, what was given, what is allowed and how to fix it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from modaxfer.escaping import one_line

__all__ = [
    "GIVEN",
    "MOST_NAMES",
    "AmbiguousNameError",
    "CheckpointUnavailableError",
    "ConfigError",
    "DataError",
    "DivergedError",
    "HiddenTargetsError",
    "MissingPackageError",
    "ModaxferError",
    "OutputExistsError",
    "PluginError",
    "PluginFaultError",
    "RefusedError",
    "RunFailedError",
    "UnknownNameError",
    "close_matches",
    "place_of",
]

GIVEN = "the data given"
"""What messages call rows that were in memory, with their split in front where they have one."""

MOST_NAMES = 30
"""More names than these are counted in a message, not listed."""


class ModaxferError(Exception):
    """Root of all errors meant for a user: one paragraph, no traceback needed.

    In its text, what has no glyph is an escape (`modaxfer.escaping`): names in it may come from anybody's files.

    Args:
        what: What is wrong, as a sentence without its full stop.
        got: The offending value.
        allowed: What would be accepted.
        fix: What to do, in the imperative.
    """

    exit_status = 2

    def __init__(self, what: str, *, got: object = None, allowed: object = None, fix: str | None = None) -> None:
        self.what, self.got, self.allowed, self.fix = what, got, allowed, fix
        super().__init__(what)

    def __str__(self) -> str:
        parts = [_sentence(self.what)]
        if self.got is not None:
            parts.append(_sentence(f"Got: {_shown(self.got)}"))
        if self.allowed is not None:
            parts.append(f"Allowed: {_shown(self.allowed)}.")
        if self.fix is not None:
            parts.append(_sentence(f"Fix: {self.fix}"))
        return one_line(" ".join(parts))

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.__dict__ | {"args": self.args})


class ConfigError(ModaxferError):
    """The request does not make sense as it stands: unknown key, wrong type, value out of range."""


class UnknownNameError(ModaxferError):
    """No encoder, bridge, strategy, task, metric or report has this name."""

    def __init__(self, kind: str, name: str, known: Sequence[str], fix: str | None = None) -> None:
        close = close_matches(name, known)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        plural = kind[:-1] + "ies" if kind.endswith("y") else kind + "s"
        fix = fix or f"{hint}`modaxfer list {plural}` shows all"
        allowed = known if len(known) <= MOST_NAMES else f"one of {len(known)} {plural}"
        super().__init__(f"unknown {kind}", got=name, allowed=allowed, fix=fix)
        self.candidates = close


class AmbiguousNameError(ModaxferError):
    """A short name that two or more plugins bring."""

    def __init__(self, kind: str, name: str, candidates: Sequence[str]) -> None:
        super().__init__(
            f"{kind} name {name!r} is ambiguous", got=name, allowed=candidates, fix="write the full id, namespace/name"
        )
        self.candidates = list(candidates)


class RefusedError(ModaxferError):
    """This combination of encoder, bridge, strategy and task cannot be run; said before any weight is loaded."""


class DataError(ModaxferError):
    """A data file, row or column is not usable; names the place."""

    def __init__(
        self,
        what: str,
        *,
        file: object = None,
        row: int | None = None,
        column: str | None = None,
        got: object = None,
        allowed: object = None,
        fix: str | None = None,
    ) -> None:
        where = list(filter(None, (place_of(file, row), "" if column is None else f"column {column!r}")))
        super().__init__(f"{what} ({', '.join(where)})" if where else what, got=got, allowed=allowed, fix=fix)
        self.file, self.row, self.column = file, row, column


class MissingPackageError(ModaxferError):
    """An optional package is needed and not installed."""

    def __init__(self, package: str, purpose: str, install: str) -> None:
        super().__init__(f"{purpose} needs the package {package}, which is not installed", fix=f"run `{install}`")
        self.package, self.install = package, install


class CheckpointUnavailableError(ModaxferError):
    """Pretrained weights could not be had; lists what is there without a network."""


class OutputExistsError(ModaxferError):
    """The output folder already holds a run."""


class PluginError(ModaxferError):
    """A plugin is broken: what it names cannot be imported, or, with ``MODAXFER_STRICT=1``, it could not be loaded."""


class RunFailedError(ModaxferError):
    """The request was fine and the run still failed."""

    exit_status = 1


class PluginFaultError(RunFailedError, PluginError):
    """Code that a plugin brings failed at run time, or returned what it must not; made by `modaxfer.registry.calling`.

    Args:
        what: What is wrong, with the name of what failed, its plugin, module and line.
        got: What was raised or returned.
        allowed: What may be returned.
        fix: What to do.
        blame: Whose it is: ``plugin``, ``distribution``, ``version``, ``kind``, ``id``, ``module`` and ``line``.
    """

    def __init__(
        self,
        what: str,
        *,
        got: object = None,
        allowed: object = None,
        fix: str | None = None,
        blame: Mapping[str, str | int | None],
    ) -> None:
        super().__init__(what, got=got, allowed=allowed, fix=fix)
        self.blame = dict(blame)

    def at(self, place: str) -> PluginFaultError:
        """Return the same with `place` in front: the row that it arose at."""
        return PluginFaultError(
            f"{place}: {self.what}", got=self.got, allowed=self.allowed, fix=self.fix, blame=self.blame
        )


class DivergedError(RunFailedError):
    """The loss stopped being a number; a search over learning rates goes on without this one."""


class HiddenTargetsError(RunFailedError):
    """Something reads targets that a plan hides, or a test split's before everything has been chosen."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"hidden targets are read: {where} has none",
            allowed="outputs, features and inputs; targets of streams whose labels are given",
            fix="have the plan declare the labels of that stream as given, or do without them",
        )


def place_of(file: object = None, row: int | None = None) -> str:
    """Return where something stands: ``file rows.csv, row 3``, of rows in memory ``row 3 of the data given``."""
    if file is not None and str(file).endswith(GIVEN):
        return str(file) if row is None else f"row {row} of {file}"
    return ", ".join([*([] if file is None else [f"file {file}"]), *([] if row is None else [f"row {row}"])])


def close_matches(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return up to `count` entries of `known` that resemble `name`, best first; full ids match by their short name."""
    by_short: dict[str, str] = {}
    for entry in known:
        by_short.setdefault(entry, entry)
        by_short.setdefault(entry.rpartition("/")[2], entry)
    found = get_close_matches(name, by_short, n=count, cutoff=0.6)
    return list(dict.fromkeys(by_short[match] for match in found))


def _sentence(text: str) -> str:
    """Return `text` with a full stop, unless it asks something or says that it goes on."""
    return text if text.endswith(("?", "...")) else f"{text.rstrip('.')}."


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, BaseException):
        return " ".join(str(value).split())
    if isinstance(value, Iterable):
        return ", ".join(str(item) for item in value)
    return str(value)


def _rebuild(cls: type[ModaxferError], state: dict[str, object]) -> ModaxferError:
    error = cls.__new__(cls)
    error.__dict__.update({key: value for key, value in state.items() if key != "args"})
    error.args = state["args"]  # type: ignore[assignment]
    return error
