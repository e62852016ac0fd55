"""Which adapter trains in which encoder: asked of the code that refuses."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from modaxfer.encoders.adapters import rehearse_adapter
from modaxfer.encoders.load import outline
from modaxfer.errors import ModaxferError
from modaxfer.plan import AdapterSpec
from modaxfer.registry import load_target, registry
from modaxfer.strategies.adapter import METHODS
from tables.markdown import code, table

SMALL = {
    "hidden_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "d_model": 64,
    "encoder_layers": 1,
    "encoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "vocab_size": 64,
    "max_position_embeddings": 64,
    "image_size": 32,
    "patch_size": 8,
    **dict.fromkeys(("pad_token_id", "bos_token_id", "eos_token_id", "decoder_start_token_id"), 0),
}
"""Sizes of the outlines that are asked; what a config does not have is left out."""

NOT_OURS = {"adalora": "adaptive ranks (AdaLoRA, Zhang et al. 2023)", "prefix_tuning": "prefixes (Li & Liang 2021)"}
"""Methods that people look for, beside those of the strategies."""


def adapter_methods() -> str:
    """Return the methods of the strategies `lora` and `adapter` with what they train and whether they can be merged."""
    bert = _outline("bert")
    rows = [
        [code(asked), summary, _merges(bert, adapter)]
        for asked, summary, adapter in _all()
        if adapter.method not in NOT_OURS
    ]
    return table(["asked for by", "what is trained in the frozen body", "merges"], rows)


def adapter_encoders() -> str:
    """Return methods by encoder: whether they attach, and each reason why not."""
    encoders = [entry for entry in registry().all("encoder") if entry.plugin == "modaxfer" and entry.spec.model_types]
    outlines = {entry.name: _outline(entry.name) for entry in encoders}
    targets = {entry.name: entry.spec.adapter_targets for entry in encoders}
    rows, reasons = [], dict[str, str]()
    for asked, _, adapter in _all():
        said = [_refusal(made, adapter, targets[name]) for name, made in outlines.items()]
        for text in filter(None, said):
            reasons.setdefault(text, f"[{len(reasons) + 1}]")
        rows.append([code(asked), *(f"no {reasons[text]}" if text else "yes" for text in said)])
    notes = "\n".join(f"- {number} {text}" for text, number in reasons.items())
    return f"{table(['', *(code(name) for name in outlines)], rows)}\n\n{notes}"


def _all() -> list[tuple[str, str, AdapterSpec]]:
    """Return what each method is asked for by, what it is, and its adapter; for its own targets `targets` is empty."""
    low_rank = {
        "--strategy lora": ("low-rank updates of matrices (LoRA, Hu et al. 2022)", {}),
        "--strategy lora --set dora=true": ("their magnitude apart (DoRA, Liu et al. 2024)", {"use_dora": True}),
        "--strategy lora --set rslora=true": ("scaled by the root of the rank (rsLoRA)", {"use_rslora": True}),
    }
    found = [(asked, summary, AdapterSpec(options=options)) for asked, (summary, options) in low_rank.items()]
    for name, method in METHODS.items():
        adapter = AdapterSpec(method=method.name, options=method.options)
        found.append((f"--strategy adapter --set method={name}", method.summary, adapter))
    return [*found, *((name, text, AdapterSpec(method=name)) for name, text in NOT_OURS.items())]


def _outline(name: str) -> Any:
    """Return a small outline of a built-in encoder."""
    spec = registry().get("encoder", name).spec
    if spec.configuration:
        made = load_target(spec.configuration)
    else:
        from transformers import CONFIG_MAPPING

        made = CONFIG_MAPPING[spec.model_types[0]]
    known = vars(made())
    config = made(**{key: value for key, value in SMALL.items() if key in known})
    asked: Any = SimpleNamespace(spec=spec, config=config)
    return outline(asked)


def _refusal(encoder: Any, adapter: AdapterSpec, targets: tuple[str, ...]) -> str:
    takes_targets = not any(method.name == adapter.method and not method.matrices for method in METHODS.values())
    asked = AdapterSpec(method=adapter.method, targets=targets if takes_targets else (), options=adapter.options)
    try:
        rehearse_adapter(encoder, asked)
    except ModaxferError as error:
        return str(error).partition(" Fix:")[0].partition(" Got:")[0].removeprefix(f"{adapter.method} ")
    return ""


def _merges(encoder: Any, adapter: AdapterSpec) -> str:
    try:
        rehearse_adapter(encoder, adapter, merged=True)
    except ModaxferError as error:
        return "no: " + str(error).partition("Got: ")[2].partition(". Fix")[0]
    return "yes"
