"""What plugins are written by: the fields of every spec, the contract of what it names, a whole example, the hooks."""

from __future__ import annotations

import dataclasses
import inspect
import re
from functools import partial
from typing import Any

from modaxfer import contracts, spec
from modaxfer.heads.classical.family import ClassicalHead
from modaxfer.hooks import HookSpecs
from modaxfer.registry import KINDS
from modaxfer.scaffold import EXAMPLES, PluginName, Project, chosen, render
from tables.markdown import code, table
from tables.plugin_fields import SAID
from tables.settings import attribute_docs

SPECS: dict[str, tuple[type[Any], ...]] = {
    kind.name.removesuffix(" score").replace(" ", "-"): (kind.spec,) for kind in KINDS.values()
}
SPECS["task"] += (spec.Field, spec.Target, spec.SplitPolicy, spec.PackageSource, spec.SampleSource)
SPECS["task"] += (spec.FolderSource, spec.DownloadSource, spec.RemoteFile, spec.HubSource)
SPECS["encoder"] += (spec.Rates,)
"""By kind its spec, and the dataclasses that stand in it."""

CONTRACTS: dict[str, tuple[type[Any], ...]] = {
    "encoder": (contracts.Encoder, contracts.Processor, contracts.SparingProcessor),
    "bridge": (contracts.Bridge, contracts.FittedBridge, contracts.TrainedBridge),
    "head": (contracts.Head,),
    "classical-head": (ClassicalHead,),
    "loss": (contracts.Loss, contracts.LossContext, contracts.Step, contracts.StreamBatch),
    "objective": (contracts.PretrainingObjective, contracts.ObjectiveContext, contracts.Reading),
    "validator": (contracts.Validator, contracts.ValidatorContext, contracts.Seen),
    "transferability": (contracts.Encoded, contracts.Judged),
    "problem": (contracts.Problem, contracts.Criterion, contracts.LabelType),
}
"""By kind what its target promises, and what it is given."""


def fields_of(kind: str) -> str:
    """Return the fields of the kind's spec, and of those inside it, each under a heading."""
    return "\n\n".join(f"### `{cls.__name__}`\n\n{_summary(cls)}\n\n{_fields(cls)}" for cls in SPECS[kind])


def contract_of(kind: str) -> str:
    """Return what the kind's target has and is given, each under a heading."""
    return "\n\n".join(f"### `{cls.__name__}`\n\n{_summary(cls)}\n\n{_members(cls)}" for cls in CONTRACTS[kind])


def example_of(kind: str) -> str:
    """Return the files that `modaxfer plugins new` writes of one kind: the entry, and the module that it names."""
    example = EXAMPLES[kind]
    files = render(Project(name=PluginName.of("leaves"), examples=chosen((kind,))))
    package = "src/modaxfer_leaves"
    entries = files[f"{package}/plugin.py"].partition("\n@hookimpl\n")[2]
    shown = {"plugin.py": f"@hookimpl\n{entries}", f"{example.module}.py": files[f"{package}/{example.module}.py"]}
    return "\n\n".join(f"`{name}`\n\n```python\n{text.strip()}\n```" for name, text in shown.items())


def hooks() -> str:
    """Return every hook with its signature, and what it is for."""
    found = [(name, member) for name, member in vars(HookSpecs).items() if name.startswith("modaxfer_")]
    return "\n\n".join(f"### `{signature(member)}`\n\n{_plain(inspect.getdoc(member))}" for _, member in found)


def signature(hook: Any) -> str:
    """Return the name of a hook with its arguments and what it returns, as `hooks.py` has them."""
    shown = inspect.signature(hook)
    arguments = [f"{name}: {one.annotation}" for name, one in shown.parameters.items() if name != "self"]
    return f"{hook.__name__}({', '.join(arguments)}) -> {shown.return_annotation}"


def kinds() -> str:
    """Return the kinds of things that a plugin can bring, each with its page."""
    rows = [
        [
            f"[{kind}](../reference/plugins/{kind}.md)",
            code(f"{_hook(kind)}()"),
            EXAMPLES[kind].says if kind in EXAMPLES else "",
        ]
        for kind in dict.fromkeys([*EXAMPLES, *SPECS])
    ]
    return table(["kind", "hook", "the example of `plugins new`"], rows)


PLUGIN_TABLES = {
    **{f"fields-{kind}": partial(fields_of, kind) for kind in SPECS},
    **{f"contract-{kind}": partial(contract_of, kind) for kind in CONTRACTS},
    **{f"example-{kind}": partial(example_of, kind) for kind in EXAMPLES},
    "hooks": hooks,
    "kinds": kinds,
}


def _hook(kind: str) -> str:
    if kind == "observer":
        return EXAMPLES[kind].name
    hooked = {name.removesuffix(" score").replace(" ", "-"): entry.hook for name, entry in KINDS.items()}
    return hooked.get(kind, hooked["strategy"])


def _fields(cls: type[Any]) -> str:
    docs = {name: text for base in reversed(cls.__mro__[:-1]) for name, text in attribute_docs(base).items()}
    rows = [
        [code(field.name), code(_type(field.type)), _default(field), docs.get(field.name) or _said(cls, field.name)]
        for field in dataclasses.fields(cls)
    ]
    return table(["field", "type", "default", "what it says"], rows)


def _said(cls: type[Any], field: str) -> str:
    own = SAID.get(f"{cls.__name__}.{field}")
    return own or SAID[field]


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is dataclasses.MISSING:
        made = field.default_factory is not dataclasses.MISSING
        return code(f"{field.default_factory.__name__}()") if made else "required"
    return code(repr(str(field.default) if isinstance(field.default, str) else field.default))


def _members(cls: type[Any]) -> str:
    docs = attribute_docs(cls)
    hints = vars(cls).get("__annotations__", {})
    stated = [[code(f"{name}: {_type(hint)}"), docs.get(name, "")] for name, hint in hints.items()]
    methods = [
        [code(_method(name, member)), _first(inspect.getdoc(member))]
        for name, member in vars(cls).items()
        if inspect.isfunction(member) and (name == "__call__" or not name.startswith("_"))
        if inspect.getdoc(member) and name not in hints
    ]
    properties = [
        [code(name), _first(inspect.getdoc(member))]
        for name, member in vars(cls).items()
        if isinstance(member, property)
    ]
    return table(["has", "what it is"], stated + properties + methods)


def _method(name: str, member: Any) -> str:
    shown = str(inspect.signature(member)).replace("'", "")
    return name + re.sub(r"\(self(, )?", "(", shown)


def _type(hint: Any) -> str:
    return str(hint).replace("typing.", "")


def _summary(cls: type[Any]) -> str:
    return _plain(inspect.getdoc(cls))


def _first(text: str | None) -> str:
    return " ".join(_plain(text).split("\n\n")[0].split())


def _plain(text: str | None) -> str:
    return (text or "").replace("``", "`")
