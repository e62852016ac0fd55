"""What `--encoder` and `--checkpoint` stand for, resolved; the rule is in `choice`. Reads configs, no weights."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modaxfer.config import EncoderOptions
from modaxfer.contracts import InputLayout
from modaxfer.encoders.choice import Choice, choose, choose_named
from modaxfer.encoders.hub import POOLING, Snapshot
from modaxfer.encoders.own_code import naming_code, refuse_own_code, refuse_strangers
from modaxfer.encoders.runs import RunEncoder
from modaxfer.encoders.silence import quiet
from modaxfer.encoders.stored import BASE, StoredEncoder
from modaxfer.encoders.target import encoder_class
from modaxfer.encoders.weight_files import has_weights
from modaxfer.errors import CheckpointUnavailableError, RefusedError, UnknownNameError
from modaxfer.json_file import FIX
from modaxfer.registry import calling, load_target, registry
from modaxfer.spec import EMBEDDINGS, EncoderSpec, Rates

__all__ = ["ResolvedEncoder", "read_config", "resolve", "resolve_architecture", "resolve_stored"]


@dataclass(frozen=True, kw_only=True)
class ResolvedEncoder:
    """An encoder and the one checkpoint chosen for it; nothing of its weights has been read."""

    id: str
    """Full id of the encoder: ``modaxfer/bert``."""
    spec: EncoderSpec
    """The encoder's spec with the checkpoint's rates; for ``auto``, narrowed to what this checkpoint takes; pretrained
    where there are weights."""
    checkpoint: str
    """Id of the registered checkpoint, hub id, or folder, which may be a run's."""
    location: str
    """Where its files are: a folder, or ``hub:ID``."""
    revision: str | None
    """Commit on the hub; ``distribution==version`` for a package; None for a folder."""
    config: Any
    """Transformers config, or the encoder's own."""
    depth: int
    hidden_size: int
    pooling: str
    """How its authors pooled tokens; ``cls``, ``mean`` or ``mean_std``."""
    folder: Path
    """Folder with the config (weights may still have to be fetched: `modaxfer.encoders.load` does)."""
    snapshot: Snapshot | None = None
    trust_remote_code: bool = False
    stored: StoredEncoder | None = None
    """What a run keeps of it, where a run trained it."""
    base: ResolvedEncoder | None = None
    """What that run started from, where its weights are needed to load it."""
    trained: Mapping[str, Any] | None = None
    """How the run came to it, see `modaxfer.encoders.runs.RunEncoder`."""
    model: Path | None = None
    """The ``model/`` of that run."""
    why: str = ""
    """Why this checkpoint and no other of the encoder's, where there was a choice."""

    def layout(self, kind: str, options: EncoderOptions | None = None) -> InputLayout:
        """Say what the encoder needs to know of an input of signal `kind`.

        Raises:
            RefusedError: The encoder does not take this kind, or `options` ask for more than it holds.
        """
        target = encoder_class(self.spec)
        with calling(self.spec.target, "encoder"):
            layout: InputLayout = target.layout(self.config, kind, options or EncoderOptions())
        return layout

    def picture_size(self, sides: Iterable[int]) -> int:
        """Choose the picture size of a task whose pictures' longer sides are `sides`, in pixels.

        It is `modaxfer.encoders.image.sensible_image_size`, or the next larger one that the encoder takes: some take
        none but the pretraining size.
        """
        from modaxfer.encoders.image import STRIDE, sensible_image_size

        layout = self.layout("image")
        full = layout.image_size or STRIDE
        size = sensible_image_size(layout, sides)
        while size < full and not self._takes(size):
            size = min(full, size + (layout.patch_size or STRIDE))
        return size

    def _takes(self, size: int) -> bool:
        try:
            return self.layout("image", EncoderOptions(image_size=size)).image_size == size
        except RefusedError:
            return False


def resolve(
    name: str,
    *,
    checkpoint: str | None = None,
    revision: str | None = None,
    trust_remote_code: bool = False,
    seen: Sequence[str] = (),
) -> ResolvedEncoder:
    """Choose encoder and checkpoint.

    Of a registered encoder's checkpoints on this machine, the first that was trained on what it will be shown is taken,
    else the first: those of installed packages, then those in the hub's cache, then stand-ins of packages. Where there
    is none, the first hub id, over the network. ``name:size`` looks among those of one size
    only. `checkpoint` overrules all that. Whatever is chosen is never replaced by another. The folder of a completed
    run stands for the encoder that it trained.

    Args:
        name: Registered encoder, ``encoder:size``, registered checkpoint, hub id, local folder, or run.
        checkpoint: Registered checkpoint, hub id, local folder or run to take instead of the encoder's own.
        revision: Branch, tag or commit of a hub checkpoint.
        trust_remote_code: Allow model code that comes with the checkpoint.
        seen: What it will be shown, as `CheckpointSpec.trained_on` names it.

    Raises:
        UnknownNameError: Nothing has this name.
        CheckpointUnavailableError: The weights cannot be had; lists what there is without a network.
        MissingPackageError: The checkpoint is shipped by a package that is not installed.
        RefusedError: The checkpoint is not of this encoder's architecture, or needs code of its own.
    """
    return _resolve(name, checkpoint, revision, trust_remote_code, (), seen)


def resolve_architecture(folder: Path) -> ResolvedEncoder:
    """Return the encoder whose ``config.json`` lies in `folder`, weights or not.

    Raises:
        CheckpointUnavailableError: There is no config, or it cannot be read.
        RefusedError: No encoder is of this architecture, or it needs code of its own.
    """
    choice = Choice(checkpoint=str(folder.resolve()), folder=folder.resolve())
    config = read_config(choice.folder, name=choice.checkpoint)
    return _described(_encoder_of(config, choice), choice, config, False)


def resolve_stored(
    stored: StoredEncoder, *, raw: bool, trust_remote_code: bool = False, within: tuple[str, ...] = ()
) -> ResolvedEncoder:
    """Return the encoder that a run keeps, with what the run started from where its weights are needed.

    Code of a checkpoint's own is never stored in a run: it comes from the checkpoint, and only where that is allowed.

    Args:
        stored: What the run says of it.
        raw: Whether raw input has to be embedded.
        trust_remote_code: Allow code that comes with the checkpoint.
        within: Names of the runs that are trained from this one.

    Raises:
        CheckpointUnavailableError: What the run started from cannot be had.
        RefusedError: The checkpoint needs code of its own, and that is not allowed.
        UnknownNameError: The encoder is not registered: the plugin that brought it is not installed.
    """
    entry, folder = registry().get("encoder", stored.id), stored.folder / BASE
    base = None
    if stored.needs_base(raw=raw) or (trust_remote_code and naming_code(folder)):
        # By its own name too: one checkpoint may be read by several encoders, which count layers in ways of their own.
        revision = stored.revision if "==" not in str(stored.revision) else None
        base = _resolve(stored.id, stored.checkpoint, revision, trust_remote_code, within)
    config = read_config(folder, entry.spec) if base is None else base.config
    choice = Choice(checkpoint=stored.checkpoint, folder=folder if base is None else base.folder, encoder=entry)
    found = _described(entry, choice, config, trust_remote_code)
    blind = not stored.front and stored.sha256 is None
    spec = replace(found.spec, pretrained=True, inputs=(EMBEDDINGS,) if blind else found.spec.inputs)
    pooling = stored.pooling or (found.pooling if base is None else base.pooling)
    return replace(found, spec=spec, pooling=pooling, stored=stored, base=base)


def _resolve(
    name: str,
    checkpoint: str | None,
    revision: str | None,
    trusted: bool,
    within: tuple[str, ...],
    seen: Sequence[str] = (),
) -> ResolvedEncoder:
    choice = choose_named(checkpoint, revision, encoder=name) if checkpoint else choose(name, revision, seen)
    if choice.run is not None:
        return _of_run(choice.run, trusted, within)
    config = read_config(choice.folder, trust_remote_code=trusted, name=choice.checkpoint)
    found = _described(_encoder_of(config, choice), choice, config, trusted)
    return replace(found, spec=replace(found.spec, pretrained=True)) if _has_own_weights(found) else found


def _described(entry: Any, choice: Choice, config: Any, trusted: bool) -> ResolvedEncoder:
    spec, target = entry.spec, encoder_class(entry.spec)
    with calling(entry):
        if not spec.model_types:
            spec = replace(spec, inputs=target.inputs(config), pooling=target.pooling(config))
        shape = target.shape(config)
    return ResolvedEncoder(
        id=entry.id,
        spec=replace(spec, rates=_rates(choice.checkpoint) or spec.rates),
        checkpoint=choice.checkpoint,
        location=f"hub:{choice.snapshot.repository}" if choice.snapshot else str(choice.folder),
        revision=choice.revision,
        config=config,
        depth=shape.depth,
        hidden_size=shape.hidden_size,
        pooling=_pooling(choice.folder) or spec.pooling,
        folder=choice.folder,
        snapshot=choice.snapshot,
        trust_remote_code=trusted,
        why=choice.why,
    )


def _rates(checkpoint: str) -> Rates | None:
    """Return the learning rates that a registered checkpoint asks for; None where it is content with its encoder's."""
    known = registry().all("checkpoint")
    return next((item.spec.rates for item in known if checkpoint in (item.id, item.spec.hub_id)), None)


def _of_run(run: RunEncoder, trusted: bool, within: tuple[str, ...]) -> ResolvedEncoder:
    """Return the encoder that a run trained, by the run's name."""
    if run.name in within:
        raise CheckpointUnavailableError("a run says that it was trained from itself", got=run.name, fix=FIX)
    try:
        found = resolve_stored(run.stored, raw=True, trust_remote_code=trusted, within=(*within, run.name))
    except (CheckpointUnavailableError, UnknownNameError) as error:
        if run.stored.complete and run.stored.front:
            raise
        raise CheckpointUnavailableError(
            f"what the run {run.name} was trained from cannot be had",
            got=error,
            fix=f"bring {run.stored.checkpoint} back, or train the run again with --standalone",
        ) from error
    return replace(found, checkpoint=run.name, location=run.name, trained=run.trained, model=run.model)


def _has_own_weights(found: ResolvedEncoder) -> bool:
    """Return whether an encoder that is otherwise drawn at random comes from a folder that `Encoder.save` wrote."""
    return not found.spec.pretrained and has_weights(found.folder)


def read_config(
    folder: Path, spec: EncoderSpec | None = None, trust_remote_code: bool = False, *, name: str = ""
) -> Any:
    """Read the ``config.json`` in `folder` into the class that its encoder understands.

    Args:
        folder: Of a checkpoint, or with the base files of a saved run.
        spec: The encoder it is for; None = the one that lists its `model_type`, if there is one.
        trust_remote_code: Allow config code that comes with it.
        name: What messages call it; default the folder.

    Returns:
        A Transformers config; the encoder's own where its spec names a `configuration`.

    Raises:
        CheckpointUnavailableError: There is no ``config.json``, or it is not JSON.
        ConfigError: A config of an encoder's own has a wrong key or value.
        RefusedError: Transformers does not know the architecture, or it needs code of its own.
    """
    values = _read_json(folder / "config.json")
    own = _own_configuration(values.get("model_type"), spec)
    if own:
        return load_target(own).from_folder(folder)
    from transformers import AutoConfig

    refuse_strangers(folder, values, name or folder)
    try:
        with quiet():
            return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=trust_remote_code)
    except (ValueError, KeyError, OSError, ImportError) as error:
        refuse_own_code(name or folder, "a config", error)
        raise RefusedError(
            f"Transformers does not know the architecture of {name or folder}",
            got=" ".join(str(error).split())[:200],
            fix="choose a model that AutoConfig understands, or upgrade transformers",
        ) from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CheckpointUnavailableError(f"cannot read {path}", got=error.strerror) from None
    except ValueError as error:
        raise CheckpointUnavailableError(f"{path} is not valid JSON", got=str(error)) from None
    if not isinstance(values, dict):
        raise CheckpointUnavailableError(f"{path} must hold one mapping of keys to values", got=type(values).__name__)
    return values


def _own_configuration(model_type: object, spec: EncoderSpec | None) -> str:
    """Return the config class of the encoder that loads `model_type`, where it is not one of Transformers'."""
    specs = [spec] if spec is not None else [entry.spec for entry in registry().all("encoder")]
    return next((item.configuration for item in specs if model_type in item.model_types), "")


def _encoder_of(config: Any, choice: Choice) -> Any:
    """Return the entry of the encoder that loads this architecture: the one asked for, else the one that lists it."""
    if choice.encoder is not None and config.model_type in choice.encoder.spec.model_types:
        return choice.encoder
    if choice.encoder is not None and choice.encoder.spec.model_types:
        raise RefusedError(
            f"checkpoint {choice.checkpoint} does not fit encoder {choice.encoder.name}",
            got=f"a model of type {config.model_type}",
            allowed=choice.encoder.spec.model_types,
            fix=f"pass the checkpoint as --encoder {choice.checkpoint}",
        )
    entries = registry().all("encoder")
    fitting = [entry for entry in entries if config.model_type in entry.spec.model_types]
    return fitting[0] if fitting and choice.encoder is None else registry().get("encoder", "modaxfer/auto")


def _pooling(folder: Path) -> str | None:
    path = folder / POOLING
    if not path.is_file():
        return None
    modes = json.loads(path.read_text(encoding="utf-8"))
    for key, pooling in (("pooling_mode_cls_token", "cls"), ("pooling_mode_mean_tokens", "mean")):
        if modes.get(key):
            return pooling
    return None
