"""Which folders are splits, which are classes, and which are neither: every layout that archives come in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modaxfer.data.names import tidy
from modaxfer.errors import DataError
from modaxfer.spec import SPLITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from modaxfer.data.layouts.listing import Listing

__all__ = ["Layout", "find_layout", "settled", "split_of", "unopened"]

_ALIASES = {
    "train": "train", "training": "train",
    "validation": "validation", "validate": "validation", "val": "validation", "valid": "validation",
    "dev": "validation", "test": "test", "testing": "test",
    "eval": "eval", "evaluation": "eval", "holdout": "eval",
}  # fmt: skip
"""What a name says; what ``eval`` is depends on those beside it, see `settled`."""

_FILLERS = frozenset(
    [
        "set",
        "data",
        "dataset",
        "split",
        "images",
        "image",
        "imgs",
        "img",
        "pictures",
        "photos",
        "audio",
        "sounds",
        "clips",
        "wav",
        "folder",
    ]
)
"""Words beside a split's name in the name of its folder."""

_TABLES = (".csv", ".tsv", ".jsonl", ".json", ".parquet")

_UNLABELLED = frozenset(
    ["pred", "predict", "prediction", "predictions", "submission", "unlabeled", "unlabelled", "unsup"]
)
"""Names of folders without classes."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where the classes of each split stand."""

    classes: Mapping[str, Sequence[tuple[str, Listing]]]
    """By split: class and folder; one class may have several folders."""
    notes: tuple[str, ...] = ()
    """What was left out, and what was guessed."""


def split_of(name: str) -> str | None:
    """Return the split that a file or folder called `name` holds: ``val``, ``Training``, ``test_set``; None = none.

    ``eval`` is a name for two splits: `settled` says for which.
    """
    split, rest = _parsed(name)
    return split if not rest else None


def settled(splits: Iterable[str | None]) -> dict[str, str]:
    """Return, by what `split_of` says of names that stand together, the split that each is.

    ``eval`` is the test split, beside a test split the validation split, and beside both none.
    """
    found = {split: split for split in splits if split}
    if found.pop("eval", None) and (free := [split for split in ("test", "validation") if split not in found]):
        found["eval"] = free[0]
    return found


def find_layout(folder: Listing) -> Layout | None:
    """Return the splits and classes in `folder`; None where it holds no folder of images or sounds.

    Class folders may stand directly in it, below folders named as splits, or the other way round, splits in every
    class folder; all of this also inside one folder more, as archives are unpacked.

    Raises:
        DataError: Splits and classes cannot be told apart; names the folder that stands out.
    """
    holders = folder.holders
    if not holders:
        return None
    named = _named(holders)
    if splits := {one: split for one, split in named.items() if one.holders and not one.flat}:
        return _splits(folder, splits)
    if named:
        _refuse_flat_splits(folder, named)
    if len(holders) == 1 and not holders[0].flat:
        inner = find_layout(holders[0])
        return _noted(inner, folder, f"read the folder inside, {holders[0].name}") if inner else None
    if all(_is_parted(one) for one in holders):
        return _classes_first(folder)
    if inside := [one for one in holders if _holds_splits(one)]:
        return _one_inside(folder, inside)
    if len(holders) == 1:
        _refuse_pictures_of_a_table(folder, [folder.holders[0].name])
    return _noted(Layout(classes={"train": _classes(folder)}), folder, *_empty(folder), *_alone(folder))


def _parsed(name: str) -> tuple[str | None, tuple[str, ...]]:
    """Return the split that a name states, and the words of it that say something else."""
    words = [word for word in re.split(r"[^a-z]+", tidy(name).lower()) if word]
    splits = [word for word in words if word in _ALIASES]
    if len(splits) != 1:
        return None, ()
    return _ALIASES[splits[0]], tuple(word for word in words if word not in _FILLERS and word != splits[0])


def _named(holders: Iterable[Listing]) -> dict[Listing, str]:
    """Return the folders that are named as splits: ``train``, and where train is among them ``seg_train, seg_test``."""
    parsed = {one: _parsed(one.name) for one in holders}
    stems = {rest for split, rest in parsed.values() if split == "train"}
    named = {one: split for one, (split, rest) in parsed.items() if split and (not rest or rest in stems)}
    meant = settled(named.values())
    return {one: meant[split] for one, split in named.items() if split in meant}


def _splits(folder: Listing, splits: Mapping[Listing, str]) -> Layout:
    found: dict[str, Listing] = {}
    for one, split in splits.items():
        if split in found:
            what = f"two folders for the split {split}"
            raise DataError(what, file=folder.path, got=(found[split].name, one.name), fix="keep one of them")
        found[split] = one
    if "train" not in found:
        raise DataError(
            "no training split", file=folder.path, got=[one.name for one in splits], allowed=SPLITS,
            fix="add a folder train with the classes in it",
        )  # fmt: skip
    beside = [one for one in folder.holders if one not in splits]
    if len(found) == 1 and len([one for one in beside if one.flat]) > 1:
        raise DataError(
            f"the folder {found['train'].name} is named as a split, those beside it are classes", file=folder.path,
            got=[one.name for one in folder.holders], fix="rename it, or point --data at it",
        )  # fmt: skip
    train = _unwrapped(found["train"], ())
    known = {tidy(one.name) for one in train.holders}
    parts = {split: train if split == "train" else _unwrapped(one, known) for split, one in found.items()}
    layout = Layout(classes={split: _classes(part) for split, part in parts.items()})
    for part in parts.values():
        layout = _noted(layout, part, *_empty(part))
    said = [_beside(one, settled([split_of(one.name)]).get(split_of(one.name) or "")) for one in beside]
    said += [f"the folder {one.name} holds nothing that can be read" for one in folder.folders if not one.count]
    said += [f"images or sounds beside the splits, left out: {folder.direct}"] if folder.direct else []
    return _noted(layout, folder, *said)


def _beside(one: Listing, split: str | None) -> str:
    if (one.flat and not one.holders) or _is_unlabelled(one):
        made = f"; {split} is made from train" if split else ""
        return f"{one.name} is no class: its files have none and are left out, for `predict`: {one.count}{made}"
    return f"the folder {one.name} beside the splits is left out; images or sounds in it: {one.count}"


def _unwrapped(split: Listing, known: Iterable[str]) -> Listing:
    """Return the folder that holds the classes of `split`: itself, or the one inside it of another unpacking."""
    inner = split.holders
    if len(inner) == 1 and not split.flat and not inner[0].flat and len(inner[0].holders) > 1:
        return inner[0] if tidy(inner[0].name) not in known else split
    return split


def _refuse_flat_splits(folder: Listing, named: Mapping[Listing, str]) -> None:
    classes = [one for one in folder.holders if one not in named]
    if len(named) == 1 and len(classes) > 1:
        return
    for one in (folder, *named):
        _refuse_pictures_of_a_table(one, [one.name for one in named])
    raise DataError(
        "no class folders with images or sounds", file=folder.path / next(iter(named)).name,
        got=f"files directly in {', '.join(one.name for one in named)}", allowed="a folder per class in each of them",
        fix="put each class in a folder of its own; a class that is called as a split needs another name",
    )  # fmt: skip


def _refuse_pictures_of_a_table(folder: Listing, got: Sequence[str]) -> None:
    tables = [name for name in folder.rest if name.lower().endswith(_TABLES)]
    if tables:
        raise DataError(
            "images or sounds in no class folders, beside a table", file=folder.path, got=got,
            fix=f"name the file with their labels: --data {folder.path / tables[0]} --image COLUMN --label COLUMN",
        )  # fmt: skip


def _is_parted(one: Listing) -> bool:
    """Tell whether a class folder is made of splits: cat/train, cat/test."""
    splits = [split_of(inner.name) for inner in one.holders]
    return "train" in splits and None not in splits and not one.flat and all(inner.flat for inner in one.holders)


def _classes_first(folder: Listing) -> Layout:
    classes: dict[str, list[tuple[str, Listing]]] = {}
    inside = [(one, inner, str(split_of(inner.name))) for one in folder.holders for inner in one.holders]
    meant = settled(split for _, _, split in inside)
    for one, inner, split in inside:
        classes.setdefault(meant.get(split, split), []).append((tidy(one.name), inner))
    return _noted(Layout(classes=classes), folder, *_empty(folder))


def _holds_splits(one: Listing) -> bool:
    named = _named(one.holders)
    real = {split for inner, split in named.items() if inner.holders and not inner.flat}
    return "train" in real or any(_holds_splits(inner) for inner in one.holders)


def _one_inside(folder: Listing, inside: Sequence[Listing]) -> Layout:
    if len(inside) > 1:
        raise DataError(
            "several folders hold splits of their own", file=folder.path, got=[one.name for one in inside],
            fix=f"point --data at one of them, such as {inside[0].path}",
        )  # fmt: skip
    inner = find_layout(inside[0])
    assert inner is not None
    beside = [_beside(one, None) for one in folder.holders if one is not inside[0]]
    return _noted(inner, folder, f"read the folder inside, {inside[0].name}", *beside)


def _classes(folder: Listing) -> list[tuple[str, Listing]]:
    """Return class and folder of each folder in `folder` that holds something.

    Raises:
        DataError: A class would be lost, because none of its files can be opened.
    """
    for one in folder.folders:
        if not one.count and one.unopened():
            raise unopened(one)
    return [(tidy(one.name), one) for one in folder.holders if not _is_unlabelled(one)]


def _is_unlabelled(one: Listing) -> bool:
    return tidy(one.name).lower() in _UNLABELLED


def unopened(folder: Listing) -> DataError:
    """Return the error for a folder of images or sounds none of which can be opened; counts them by folder."""
    parts = [one for one in folder.folders if one.unopened()] or [folder]
    found = "; ".join(f"{one.name}: {one.left_out()}" for one in parts[:5])
    return DataError(
        "no image or sound in this folder can be opened", file=folder.path, got=found,
        allowed="what Pillow and libsndfile read, whatever it is called",
        fix="convert the files, or take the folder away",
    )  # fmt: skip


def _empty(folder: Listing) -> Iterator[str]:
    """Yield what is said of that which stands beside the classes in `folder`."""
    if folder.direct:
        yield f"images or sounds in no class folder, left out: {folder.direct}"
    for one in folder.folders:
        if not one.count:
            yield f"the folder {one.name} is no class: {one.left_out() or 'it is empty'}"
        elif _is_unlabelled(one):
            yield _beside(one, None)


def _alone(folder: Listing) -> Iterator[str]:
    """Yield what reading plain class folders takes for granted."""
    for one in folder.holders:
        if split_of(one.name):
            yield f"the folder {one.name} is read as a class, as those beside it are"
    inner = {tuple(tidy(deep.name) for deep in one.holders) for one in folder.holders}
    if len(inner) == 1 and (names := next(iter(inner))):
        yield f"every class folder holds the same folders, {', '.join(names[:5])}: they are not told apart"


def _noted(layout: Layout, folder: Listing, *notes: str) -> Layout:
    said = tuple(f"{folder.path}: {note}" for note in notes)
    return Layout(classes=layout.classes, notes=(*said, *layout.notes))
