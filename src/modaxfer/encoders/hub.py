"""The Hugging Face hub: what of it is cached here, and what can be fetched. Never waits long for a dead network."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from modaxfer.encoders.weight_files import INDEX, SMALL_FILES, has_weights, refuse_unsafe
from modaxfer.errors import CheckpointUnavailableError

__all__ = ["POOLING", "HubUnreachableError", "Snapshot", "cached", "cached_ids", "download", "look_up"]

DEADLINE = 2.5
"""Seconds until a hub that does not answer counts as unreachable."""

POOLING = "1_Pooling/config.json"
"""Where sentence-transformers says how a model pools its tokens."""

T = TypeVar("T")


class HubUnreachableError(Exception):
    """The hub did not answer, or asking it is switched off."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One commit of a model on the hub."""

    repository: str
    commit: str
    folder: Path
    """Where the files of this commit that are here lie."""


def cached(repository: str, revision: str | None = None) -> Snapshot | None:
    """Return the cached commit of `repository`, if its config and all its weights are here."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.utils import HFValidationError

    try:
        found = try_to_load_from_cache(repository, "config.json", revision=revision or "main")
    except HFValidationError:
        return None
    if not isinstance(found, str) or not has_weights(Path(found).parent):
        return None
    folder = Path(found).parent
    return Snapshot(repository=repository, commit=folder.name, folder=folder)


def cached_ids() -> list[str]:
    """Return the ids of all models that can be loaded from the cache."""
    from huggingface_hub import constants

    folders = sorted(Path(constants.HF_HUB_CACHE).glob("models--*"))
    names = [folder.name.removeprefix("models--").replace("--", "/") for folder in folders]
    return [name for name in names if cached(name) is not None]


def look_up(repository: str, revision: str | None = None) -> Snapshot:
    """Find the commit that `revision` (default ``main``) names and fetch its small files, no weights.

    Raises:
        HubUnreachableError: The hub does not answer within 2.5 seconds, or is switched off.
        CheckpointUnavailableError: The hub has no such model or revision, access is not granted, it is no Transformers
            model, or its weights are pickles.
    """
    from huggingface_hub import HfApi

    info = _answer(repository, revision, lambda: HfApi().model_info(repository, revision=revision, timeout=DEADLINE))
    names = [sibling.rfilename for sibling in info.siblings or ()]
    refuse_unsafe(f"{repository} on the hub", names)
    if "config.json" not in names:
        raise CheckpointUnavailableError(f"{repository} has no config.json: it is not a Transformers model")
    small = [name for name in names if name == POOLING or ("/" not in name and name.endswith(SMALL_FILES))]
    # Fetched by the name of the branch: that notes in the cache which commit it stood for.
    folder = _fetch(repository, revision or "main", small)
    return Snapshot(repository=repository, commit=folder.name, folder=folder)


def download(snapshot: Snapshot) -> Path:
    """Fetch the weights of `snapshot`, unless they are here, and return their folder.

    Raises:
        CheckpointUnavailableError: The hub could not be reached.
    """
    if has_weights(snapshot.folder):
        return snapshot.folder
    sharded = (snapshot.folder / INDEX).is_file()
    return _fetch(
        snapshot.repository, snapshot.commit, ["model-*-of-*.safetensors" if sharded else "model.safetensors"]
    )


def _fetch(repository: str, revision: str, patterns: Sequence[str]) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(repository, revision=revision, allow_patterns=list(patterns)))
    except Exception as error:  # the network stack's own classes differ between versions of the hub library
        raise CheckpointUnavailableError(
            f"could not fetch {repository} from the hub",
            got=_line(error),
            fix="try again; what is there already is kept",
        ) from error


def _answer(repository: str, revision: str | None, ask: Callable[[], T]) -> T:
    from huggingface_hub import constants, errors

    if constants.HF_HUB_OFFLINE:
        raise HubUnreachableError("HF_HUB_OFFLINE is set")
    try:
        return _within(DEADLINE, ask)
    except errors.GatedRepoError as error:
        raise CheckpointUnavailableError(
            f"access to {repository} must be granted by its authors", fix="ask for it on its page, then `hf auth login`"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise CheckpointUnavailableError(
            f"the hub has no model {repository} (or it is private)",
            got=repository,
            fix="check the id, or `hf auth login`",
        ) from error
    except errors.RevisionNotFoundError as error:
        raise CheckpointUnavailableError(
            f"{repository} has no revision {revision}", got=revision, allowed="a branch, a tag or a commit hash"
        ) from error
    except errors.HFValidationError as error:
        raise CheckpointUnavailableError(f"{repository} is not a hub id", allowed="organisation/name") from error
    except Exception as error:
        # Whatever else the network stack throws (its class differs by version) means one thing to the user.
        raise HubUnreachableError(_line(error)) from error


def _within(seconds: float, ask: Callable[[], T]) -> T:
    """Run `ask` in a thread: a name server or proxy that never answers cannot be given a deadline otherwise."""
    outcome: dict[str, Any] = {}

    def work() -> None:
        try:
            outcome["value"] = ask()
        except Exception as error:
            outcome["error"] = error

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if "error" in outcome:
        raise outcome["error"]
    if "value" not in outcome:
        raise TimeoutError(f"no answer within {seconds:g} s")
    value: T = outcome["value"]
    return value


def _line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
