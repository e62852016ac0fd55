"""Classes of two tasks: they agree, or a file says which class of one is which of the other."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from modaxfer.errors import ConfigError, RefusedError, close_matches
from modaxfer.yaml_file import read_text, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from modaxfer.contracts import TaskData

__all__ = ["match_classes", "read_class_map", "refuse_unknown_classes", "with_classes"]

LEFT_OUT = -1
"""Number of a class whose rows are left out; also of a class that no training row has, in `TaskData.targets`."""

HEADER = ("source", "target")
WHAT = "class map"


def read_class_map(path: Path) -> dict[str, str]:
    """Read which class of the target each class of the source is; an empty one means that its rows are left out.

    A YAML file has one line ``SOURCE CLASS: TARGET CLASS`` per class, a CSV file two columns, perhaps under the names
    ``source,target``. All values are text: ``0``, ``no`` and ``1.0`` are class names like any other.

    Raises:
        ConfigError: The file is neither, cannot be read, or names a class of the source twice.
    """
    if path.suffix.lower() in (".yaml", ".yml"):
        values = read_yaml(path, what=WHAT, text=True)
        nested = [key for key, value in values.items() if not isinstance(value, str)]
        if nested:
            raise _malformed(path, nested[0], "`SOURCE CLASS: TARGET CLASS`, one a line")
        return values
    if path.suffix.lower() != ".csv":
        raise ConfigError(
            "a class map is a YAML or a CSV file", got=path, allowed=".yaml, .yml, .csv", fix="rename the file"
        )
    found: dict[str, str] = {}
    for place, line in enumerate(csv.reader(read_text(path, WHAT).splitlines())):
        cells = [cell.strip() for cell in line]
        if not any(cells) or (place == 0 and tuple(cells) == HEADER):
            continue
        if len(cells) != len(HEADER) or cells[0] in found:
            raise _malformed(path, ",".join(line), "two columns, source and target, and each source class once")
        found[cells[0]] = cells[1]
    return found


def match_classes(
    source: Sequence[str], target: Sequence[str], given: Mapping[str, str] | None, tasks: tuple[str, str]
) -> tuple[int, ...]:
    """Return, for each class of the source, its number in `target`; -1 where its rows are left out.

    Args:
        source: Classes of the source task.
        target: Classes of the task that is learned.
        given: What `read_class_map` read; classes that it leaves out are those of the same name. None = all are.
        tasks: Names of the source and of the target, for people.

    Raises:
        RefusedError: The lists differ and no map says how, or a class of the target is reached by none of the source.
        ConfigError: The map names a class that there is not, or leaves out one that the target does not have.
    """
    if given is None:
        if set(source) != set(target):
            raise RefusedError(
                f"the classes of the source task {tasks[0]} are not those of {tasks[1]}",
                got=_listed(source),
                allowed=_listed(target),
                fix="say which is which with --map-classes FILE, a line `SOURCE CLASS: TARGET CLASS` for each",
            )
        given = {}
    for names, known, side in ((given, source, tasks[0]), (filter(None, given.values()), target, tasks[1])):
        refuse_unknown_classes(names, known, side)
    meant = {name: given.get(name, name) for name in source}
    homeless = [name for name, other in meant.items() if other and other not in target]
    if homeless:
        raise ConfigError(
            f"the class map says nothing of classes of {tasks[0]} that {tasks[1]} does not have",
            got=_listed(homeless),
            allowed=_listed(target),
            fix="map each of them, to nothing where its rows are to be left out (`CLASS:`)",
        )
    bare = [name for name in target if name not in meant.values()]
    if bare:
        raise RefusedError(
            f"no class of the source task {tasks[0]} stands for classes of {tasks[1]}, which could not be learned",
            got=_listed(bare),
            allowed=f"each of {_listed(target)}, from {_listed(source)}",
            fix="map a class of the source to each of them, or choose another --source-task",
        )
    return tuple(target.index(other) if other else LEFT_OUT for other in meant.values())


def with_classes(data: TaskData, classes: tuple[str, ...], numbers: Sequence[int]) -> TaskData:
    """Return `data` with its class ``i`` as class ``numbers[i]`` of `classes`.

    Rows of one class are left out where that is -1; of several labels the row stays, without that one. Labels that
    stay sealed are left as they are: nobody asks for those of a source.
    """
    if data.classes == classes and list(numbers) == list(range(len(classes))):
        return data
    splits, targets, digests, counts = dict(data.splits), dict(data.targets), dict(data.digests), dict(data.dropped)
    unseen = dict(data.unseen)
    for split, own in data.targets.items():
        if own.ndim == 2:
            targets[split] = _columns(own, len(classes), numbers)
            continue
        made = np.append(numbers, LEFT_OUT)[own]
        # A validation row of a class that train lacks is a row all the same: it counts as an error.
        kept = np.flatnonzero((made != LEFT_OUT) | (own == LEFT_OUT)).tolist()
        targets[split] = made[kept]
        if len(kept) < len(own):
            splits[split] = data.splits[split].select(kept)
            digests[split] = [data.digests[split][row] for row in kept]
            place = {row: number for number, row in enumerate(kept)}
            unseen[split] = {place[row]: names for row, names in data.unseen.get(split, {}).items()}
            counts["left_out_by_map"] = counts.get("left_out_by_map", 0) + len(own) - len(kept)
    known = f"{data.fingerprint} {classes} {tuple(numbers)}".encode()
    return replace(
        data,
        splits=splits,
        targets=targets,
        digests=digests,
        dropped=counts,
        unseen={split: rows for split, rows in unseen.items() if rows},
        taken={},
        classes=classes,
        fingerprint=hashlib.sha256(known).hexdigest(),
    )


def _columns(own: np.ndarray, count: int, numbers: Sequence[int]) -> np.ndarray:
    made = np.zeros((len(own), count), own.dtype)
    for column, number in enumerate(numbers):
        if number != LEFT_OUT:
            made[:, number] = np.maximum(made[:, number], own[:, column])
    return made


def refuse_unknown_classes(names: Iterable[str], known: Sequence[str], task: str) -> None:
    """Refuse names of a class map that are no classes.

    Args:
        names: Of one side of the map.
        known: Classes of that side.
        task: What the side is called.

    Raises:
        ConfigError: One is none of the known ones.
    """
    strange = [name for name in names if name not in known]
    if strange:
        close = close_matches(strange[0], known)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        raise ConfigError(
            f"the class map names classes that {task} does not have",
            got=_listed(strange),
            allowed=_listed(known),
            fix=f"{hint}Correct the file named with --map-classes",
        )


def _malformed(path: Path, line: object, allowed: str) -> ConfigError:
    return ConfigError(f"{path} is no class map", got=line, allowed=allowed, fix="correct the line named")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none (a number)"
