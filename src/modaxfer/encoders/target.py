"""The class that an encoder's spec names, and an encoder made by it: held to what the contract asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modaxfer.registry import fault, load_target

if TYPE_CHECKING:
    from modaxfer.contracts import Encoder
    from modaxfer.spec import EncoderSpec

__all__ = ["CLASS_METHODS", "encoder_class", "require_encoder"]

CLASS_METHODS = ("from_config", "from_folder", "layout", "shape")
"""What is asked of the class; of one that takes any model type ``inputs`` and ``pooling`` as well."""

_MEMBERS = ("depth", "hidden_size", "embed", "run", "finish", "processor")


def encoder_class(spec: EncoderSpec) -> Any:
    """Return the class that `spec` names.

    Raises:
        PluginFaultError: It is none, or lacks a class method.
    """
    found = load_target(spec.target)
    lacking = [name for name in CLASS_METHODS if not callable(getattr(found, name, None))]
    if not isinstance(found, type) or lacking:
        what = "is no class of encoders"
        kind = f"the class {found.__name__}" if isinstance(found, type) else f"a {type(found).__name__}"
        got = f"{kind} without {', '.join(lacking)}" if lacking else kind
        raise fault(spec.target, what, got=got, allowed=f"a class with the class methods {', '.join(CLASS_METHODS)}",
                    kind="encoder")  # fmt: skip
    return found


def require_encoder(spec: EncoderSpec, made: Any) -> Encoder:
    """Return `made` if it has what the runner asks of an encoder.

    Raises:
        PluginFaultError: It is no module, or lacks something; all of it is named.
    """
    from torch import nn

    lacking = [name for name in _MEMBERS if not hasattr(made, name)]
    if isinstance(made, nn.Module) and not lacking:
        return made  # type: ignore[return-value]
    without = f" without {', '.join(lacking)}" if lacking else ""
    raise fault(
        spec.target,
        "made what is no encoder",
        got="None" if made is None else f"{type(made).__name__}{without}",
        allowed=f"an nn.Module with {', '.join(_MEMBERS)}",
        kind="encoder",
    )
