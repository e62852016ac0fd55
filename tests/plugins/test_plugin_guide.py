"""docs/how-to/write-a-plugin.md: its files make a plugin that loads, and its tables are complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from modaxfer.registry import Stage, State
from modaxfer.registry.hook_checks import HOOKS

GUIDE = (Path(__file__).parents[2] / "docs/how-to/write-a-plugin.md").read_text(encoding="utf-8")
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


@pytest.mark.parametrize("name", [*HOOKS, *Stage, *(state for state in State if state is not State.LOADED)])
def test_the_guide_knows_every_hook_stage_and_state(name):
    assert re.search(rf"`{name}[`(]", GUIDE)
