"""Heads by their registered names, as plain JSON and back; the tensors travel beside it as safetensors."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from modaxfer.errors import ConfigError
from modaxfer.registry import calling, fault, load_target, problem_spec, registry

if TYPE_CHECKING:
    from torch import nn

    from modaxfer.plan import Plan
    from modaxfer.registry import Entry

__all__ = ["build_head", "head_config", "head_of", "reads_tokens", "rehearse_head"]


READS = ("pooled", "tokens")
"""What a head may say that it reads."""

ROWS, PARTS, TOKENS = 2, 3, 5
"""Sizes of a batch that heads are rehearsed with; all different, so that none is taken for another."""

PLAIN: dict[str, Any] = {"int": int, "float": int | float, "str": str}
"""Annotations that a value from a file can be compared with."""


def reads_tokens(head: object) -> bool:
    """Tell whether a head, or its class, reads tokens; see `modaxfer.contracts.Head`.

    Raises:
        ConfigError: It says that it reads something that there is not.
    """
    reads = getattr(head, "reads", READS[0])
    if reads not in READS:
        name = getattr(head, "__name__", type(head).__name__)
        raise ConfigError(f"head {name} reads what there is not", got=reads, allowed=READS)
    return reads == READS[1]


def head_of(
    plan: Plan,
    problem: str,
    widths: Sequence[int],
    outputs: int,
    dropout: float,
    *,
    hidden: Sequence[int] | None = None,
) -> nn.Module:
    """Return the fresh head of `plan`, one that a run can save.

    Args:
        plan: Names the head and its options; that of its fusion, where it has one.
        problem: Registered name of what the target asks for; its head is taken where the plan names none.
        widths: Size of each encoder's vector.
        outputs: Logits or values per row.
        dropout: Share of its inputs dropped in training, 0 to below 1.
        hidden: Size of each encoder's tokens, for a head that reads those; None = as its vector.

    Raises:
        UnknownNameError: There is no such head.
        ConfigError: The options do not fit it, or it cannot be saved.
    """
    name = (plan.head or problem_spec(problem).head) if plan.fusion is None else plan.fusion.head
    entry = registry().get("head", name)
    sizes = hidden if hidden is not None and reads_tokens(load_target(entry.spec.target)) else widths
    own: dict[str, Any] = {"width": sizes[0], **plan.head_options}
    if plan.fusion is not None:
        own = {"widths": tuple(sizes), "options": plan.fusion.options}
    head = _made(entry, {**own, "outputs": outputs, "dropout": dropout})
    head_config(head)
    return head


def head_config(head: nn.Module) -> dict[str, Any]:
    """Return `head`'s registered id, as ``kind``, and its sizes; ``build_head(head_config(head))`` is its twin.

    Raises:
        ConfigError: `head` is of no registered class, or says nothing of its sizes.
    """
    entry = _entry_of(head)
    if entry is None or not hasattr(head, "config"):
        allowed = [registry().shown(entry) for entry in registry().all("head")]
        fix = "register its class with `modaxfer_heads`, and give it a method config"
        raise ConfigError("this head cannot be saved", got=type(head).__name__, allowed=allowed, fix=fix)
    sizes: dict[str, Any] = cast("Any", head).config()
    return {"kind": entry.id} | {key: _stored(value) for key, value in sizes.items()}


def build_head(config: Mapping[str, Any]) -> nn.Module:
    """Make the head that `config` describes; fill it with ``load_state_dict``.

    Raises:
        UnknownNameError: The head is not registered: the plugin that brought it is not installed.
        ConfigError: Its sizes are wrong or missing.
    """
    sizes = dict(config)
    entry = registry().get("head", str(sizes.pop("kind", None)))
    return _made(entry, {key: _read(value) for key, value in sizes.items()})


def rehearse_head(
    head: nn.Module, widths: Sequence[int], hidden: Sequence[int], outputs: int, *, parts: bool = False
) -> None:
    """Ask `head` once what it says of rows of zeros, and look whether that has the right shape.

    Args:
        head: Made for features of these sizes.
        widths: Size of each encoder's vector.
        hidden: Size of each encoder's tokens.
        outputs: Logits or values per row.
        parts: Whether each part of a row has a vector, and is answered for.

    Raises:
        PluginFaultError: It cannot read them, or says something of another shape.
    """
    import torch

    from modaxfer.contracts import Features, Hidden

    size = sum(widths) + (len(widths) if len(widths) > 1 else 0)
    shape = (ROWS, PARTS, size) if parts else (ROWS, size)
    states = tuple(
        Hidden(torch.zeros(ROWS, TOKENS, width), torch.ones(ROWS, TOKENS, dtype=torch.bool)) for width in hidden
    )
    pooled = torch.zeros(shape)
    pooled[..., : size - sum(widths)] = 1.0  # Every encoder is there.
    features = Features(pooled=pooled, by_tower=states if reads_tokens(head) else ())
    expected, kind = (*shape[:-1], outputs), f"head {type(head).__name__}"
    hint = 'read features.pooled; or say reads = "tokens" in the class, and read features.tokens'
    with torch.no_grad(), calling(head, kind, what="cannot read features", hint=hint):
        said: Any = head.eval()(features)
    got = f"shape {tuple(said.shape)}" if isinstance(said, torch.Tensor) else type(said).__name__
    if not isinstance(said, torch.Tensor) or tuple(said.shape) != expected:
        what = f"does not say one thing of {'each part of a row' if parts else 'each row'}"
        raise fault(head, what, got=got, allowed=f"a tensor of shape {expected}", kind=kind, at=type(head).forward)


def _made(entry: Entry, keywords: Mapping[str, Any]) -> nn.Module:
    made = load_target(entry.spec.target)
    try:
        for name, kind in inspect.get_annotations(made.__init__).items():
            if name in keywords and not isinstance(keywords[name], PLAIN.get(kind, object)):
                raise TypeError(f"{name} is {keywords[name]!r}, not {kind}")
        head = made(**keywords)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ConfigError(f"what head {entry.id} is given does not fit it", got=error) from None
    if not _is_module(head):
        raise fault(entry, "is no module", got=type(head).__name__, allowed="an nn.Module, see modaxfer.contracts.Head")
    return head


def _entry_of(head: nn.Module) -> Entry | None:
    """Return the registered head that `head` is one of; its own plugin's code is loaded already."""
    own = f"{type(head).__module__}:{type(head).__qualname__}"
    named = [entry for entry in registry().all("head") if entry.spec.target == own]
    shown_elsewhere = (entry for entry in registry().all("head") if load_target(entry.spec.target) is type(head))
    return named[0] if named else next(shown_elsewhere, None)


def _stored(value: object) -> object:
    """Return the config of a head, or of each in a list, or a plain value as it is."""
    if isinstance(value, list):
        return [_stored(each) for each in value]
    return head_config(value) if _is_module(value) else value


def _read(value: object) -> object:
    """Return what `_stored` was given."""
    if isinstance(value, list):
        return [_read(each) for each in value]
    return build_head(value) if _is_head(value) else value


def _is_module(value: object) -> TypeGuard[nn.Module]:
    return hasattr(value, "state_dict")


def _is_head(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping) and "kind" in value
