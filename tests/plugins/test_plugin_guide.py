"""docs/how-to/write-a-plugin.md: its files make a plugin that loads; hooks, stages and states are told in full."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from pathlib import Path

import pytest

from modaxfer.hooks import HookSpecs
from modaxfer.registry import Stage, State
from modaxfer.registry.hook_checks import HOOKS, check_hooks

DOCS = Path(__file__).parents[2] / "docs"
GUIDE, CONFLICTS, HOOKS_PAGE = (
    (DOCS / page).read_text(encoding="utf-8")
    for page in ("how-to/write-a-plugin.md", "how-to/publish-a-plugin.md", "reference/hooks.md")
)
CODE = re.findall(r"^```python\n(.*?)^```", GUIDE, flags=re.MULTILINE | re.DOTALL)


def test_the_plugin_of_the_guide_works(site):
    plugin, reports, heads = CODE
    site.add("weather", plugin, distribution="modaxfer-weather", reports=reports, heads=heads)
    status = site.status(MODAXFER_PLUGINS="weather", MODAXFER_STRICT="1")
    assert status.warnings == ()
    assert "weather/storms" in status.ids["task"]
    use = "from modaxfer_weather.reports import sample; print(sample(0)['train'].num_rows)"
    assert site.warm_python(use).stdout == "100\n"
    use = (
        "from modaxfer.heads.build import rehearse_head; from modaxfer_weather.heads import AttentionHead;"
        "head = AttentionHead(8, 2); rehearse_head(AttentionHead(**head.config()), (4,), (8,), 2); print('fits')"
    )
    assert site.warm_python(use).stdout == "fits\n"


@pytest.mark.parametrize("name", [*Stage, *(state for state in State if state is not State.LOADED)])
def test_the_page_on_conflicts_knows_every_stage_and_state(name):
    assert f"`{name}`" in CONFLICTS


def test_every_hook_is_documented_with_its_signature_and_no_other():
    told = re.findall(r"^### `(.*)`\n\n(?=\w)", HOOKS_PAGE, flags=re.MULTILINE)
    assert told == [written(vars(HookSpecs)[name]) for name in HOOKS]


def written(hook):
    """Return how `hooks.py` writes the signature of a hook, read from its source."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(hook))).body
    arguments = [ast.unparse(argument) for argument in definition.args.args if argument.arg != "self"]
    return f"{definition.name}({', '.join(arguments)}) -> {ast.unparse(definition.returns)}"


def test_the_observer_of_the_page_on_hooks_observes_scores_and_bears_a_run_without(tmp_path):
    (code,) = re.findall(r"^```python\n(.*?)^```", HOOKS_PAGE, flags=re.MULTILINE | re.DOTALL)
    module = type(re)("observer")
    exec(compile(code, "observer.py", "exec"), vars(module))
    check_hooks(module)
    scored = {
        "task": "own/mail",
        "strategy": "modaxfer/lora",
        "metrics": {"primary": "accuracy", "test": {"accuracy": 0.5}},
    }
    for result, line in (
        (scored, "own/mail,modaxfer/lora,accuracy,0.5"),
        (scored | {"metrics": {}}, "own/mail,modaxfer/lora,,"),
    ):
        module.modaxfer_run_end(result, tmp_path)
        assert (tmp_path / "line.csv").read_text(encoding="utf-8").strip() == line
