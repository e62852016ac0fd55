"""A product to the Hugging Face hub: looked through, private unless told otherwise, as one commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modaxfer.data.download import offline
from modaxfer.errors import ConfigError, ModaxferError, RefusedError, RunFailedError
from modaxfer.export.contents import product_files
from modaxfer.version import __version__

__all__ = ["Pushed", "push_folder"]


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """What was sent, or would be."""

    name: str
    public: bool
    files: dict[str, int]
    """Bytes by path."""
    left: list[str]
    """What stays here."""
    url: str | None
    """Of the commit; None = nothing was sent."""


def push_folder(
    folder: Path, name: str, *, public: bool = False, dry_run: bool = False, make_api: Callable[[], Any] | None = None
) -> Pushed:
    """Send what `modaxfer.export.contents` finds in `folder` to the model `name` of the hub.

    A model that is there already keeps what it has beside these files, and stays as private as it is.

    Args:
        folder: An export, what ``modaxfer pretrain`` wrote, or an encoder of a plugin.
        name: ``OWNER/MODEL``.
        public: Whether everybody may read it.
        dry_run: Send nothing and ask nobody; return what would be sent.
        make_api: Gives a ``huggingface_hub.HfApi``, with the token of ``hf auth login``.

    Raises:
        ConfigError: The name is none of the hub.
        RefusedError: The folder holds too little or too much, the hub is switched off, or the model is there already
            and not as private as asked for.
        RunFailedError: The hub did not take it.
    """
    _refuse_name(name)
    sent, left = product_files(folder)
    files = {path: (folder / path).stat().st_size for path in sent}
    told = Pushed(name=name, public=public, files=files, left=left, url=None)
    if dry_run:
        return told
    if offline():
        raise RefusedError(
            "nothing can be pushed: the hub is switched off", got="HF_HUB_OFFLINE is set",
            fix="unset it, or see with --dry-run what would be sent",
        )  # fmt: skip
    from huggingface_hub import HfApi

    try:
        url = _sent((make_api or HfApi)(), folder, told)
    except ModaxferError:
        raise
    except Exception as error:  # Of many kinds, the hub's and the network's.
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        fix = "`hf auth login` with a token that may write to it, and look whether the hub can be reached"
        raise RunFailedError(f"the hub did not take {name}", got=reason, fix=fix) from error
    return Pushed(name=name, public=public, files=files, left=left, url=url)


def _sent(api: Any, folder: Path, told: Pushed) -> str:
    """Make the model where there is none, and send one commit; return its address."""
    if api.repo_exists(told.name):
        _refuse_other(told, private=bool(api.model_info(told.name).private))
    else:
        api.create_repo(told.name, private=not told.public)
    made = api.upload_folder(
        repo_id=told.name, folder_path=folder, allow_patterns=list(told.files),
        commit_message=f"Push {folder.resolve().name}, modaxfer {__version__}",
    )  # fmt: skip
    return str(made.commit_url)


def _refuse_other(told: Pushed, *, private: bool) -> None:
    if private == told.public:
        there = "private" if private else "public"
        fix = "leave --public out, or make it public on its page first" if private else "say --public, or another name"
        raise RefusedError(
            f"{told.name} is there already and {there}", got="--public" if told.public else "no --public", fix=fix
        )


def _refuse_name(name: str) -> None:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError:
        valid = False
    else:
        valid = name.count("/") == 1
    if not valid:
        raise ConfigError("this is no name of a model on the hub", got=name, allowed="OWNER/MODEL", fix="name both")
