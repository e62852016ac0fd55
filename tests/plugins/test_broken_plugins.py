"""Installed plugins with one fault each: every one has its own message, and everything else goes on working."""

from __future__ import annotations

import re

import pytest

HEAD = """
from modaxfer import hookimpl
from modaxfer.spec import *
MODAXFER_API = 0
"""

GOOD = (
    HEAD
    + """
@hookimpl
def modaxfer_strategies():
    return [StrategySpec(name="gentle", target="good_plugin.plans:plan")]
"""
)

HALF = (
    HEAD
    + """
@hookimpl
def modaxfer_encoders():
    return [EncoderSpec(name="half", target="half.a:B", inputs=(TEXT,))]

@hookimpl
def modaxfer_bridges():
    yield BridgeSpec(name="half", source="text", sink="text", target="half.a:C")
    raise OSError("the second half is missing")

@hookimpl
def modaxfer_pick_bridge(source, sink):
    return "faulty/half"
"""
)


RETURNS_A_CLASS = (
    HEAD
    + """
class Mine:
    pass

@hookimpl
def modaxfer_encoders():
    return [Mine]
"""
)


def hook(body: str, name: str = "modaxfer_encoders", mark: str = "@hookimpl") -> str:
    return f"{HEAD}\n{mark}\ndef {name}():\n    {body}\n"


FAULTS = {
    "raises at import": (
        "raise RuntimeError('no licence file')",
        "broken",
        "import",
        r"RuntimeError: no licence file \(plugin.py, line 1\)",
    ),
    "exits at import": ("import sys; sys.exit(3)", "broken", "import", r"SystemExit: 3"),
    "does not parse": ("def f(:", "broken", "import", r"SyntaxError: .*plugin.py, line 1"),
    "needs an absent package": (
        "import nowhere_to_be_found",
        "broken",
        "import",
        r"No module named 'nowhere_to_be_found' \(plugin.py, line 1\)",
    ),
    "states no API": ("from modaxfer import hookimpl", "broken", "api", r"add MODAXFER_API = 0"),
    "states another API": ("MODAXFER_API = 7", "incompatible", "api", r"MODAXFER_API = 7, this modaxfer speaks 0"),
    "misspells a hook": (
        hook("return []", "modaxfer_encoder"),
        "broken",
        "hooks",
        r"no hook modaxfer_encoder; did you mean modaxfer_encoders\?",
    ),
    "misspells the prefix": (
        hook("return []", "modaxfr_tasks", ""),
        "broken",
        "hooks",
        r"modaxfr_tasks\(\) looks like a hook.*did you mean modaxfer_tasks\?",
    ),
    "forgets the marker": (
        hook("return []", "modaxfer_tasks", ""),
        "broken",
        "hooks",
        r"modaxfer_tasks\(\) is the name of a hook, but is not marked with @hookimpl",
    ),
    "asks for an unknown argument": (
        HEAD + "@hookimpl\ndef modaxfer_tasks(folder): return []",
        "broken",
        "hooks",
        r"modaxfer_tasks\(\) asks for folder, which the hook does not give; write `def modaxfer_tasks\(\)`",
    ),
    "returns a class": (
        RETURNS_A_CLASS,
        "broken",
        "specs",
        r"returned the class Mine, expected EncoderSpec; return .*target='faulty_plugin.plugin:Mine'",
    ),
    "registers one half": (HALF, "broken", "specs", r"OSError: the second half is missing \(plugin.py, line \d+\)"),
}


@pytest.mark.parametrize(("source", "state", "stage", "error"), FAULTS.values(), ids=FAULTS.keys())
def test_a_faulty_plugin_stands_alone(site, source, state, stage, error):
    site.add("faulty", source)
    site.add("good", GOOD)
    status = site.status()
    assert status.plugins["faulty|faulty-plugin"][:2] == [state, stage]
    assert re.search(error, status.plugins["faulty|faulty-plugin"][2])
    assert status.warning("faulty-plugin").startswith(
        f"warning: plugin 'faulty' (faulty-plugin 1.0) is {state} at {stage}: "
    )
    assert status.plugins["good|good-plugin"] == ["loaded", "register", ""]
    assert not [name for names in status.ids.values() for name in names if name.startswith("faulty/")]
    assert "good/gentle" in status.ids["strategy"]
    assert {"modaxfer/bert", "modaxfer/vit"} <= set(status.ids["encoder"])


def test_a_half_registered_plugin_leaves_no_hook_behind(site):
    site.add("faulty", HALF)
    done = site.python(
        "-c", "from modaxfer.registry import registry; print(registry().pick_bridge('text', 'patches').id)"
    )
    assert done.stdout == "modaxfer/render\n"


def test_the_framework_keeps_its_namespace(site):
    site.add("modaxfer", GOOD, distribution="impostor")
    status = site.status()
    assert status.plugins["modaxfer|impostor"][0] == "clashing"
    assert "the namespace 'modaxfer' belongs to the framework" in status.warning("impostor")
    assert status.plugins["modaxfer|modaxfer"][0] == "loaded"
    assert "modaxfer/gentle" not in status.ids["strategy"]


def test_of_two_claims_to_a_namespace_neither_wins(site):
    site.add("courts", GOOD, distribution="first-courts")
    site.add("courts", GOOD, distribution="second-courts")
    status = site.status()
    assert "clashing at discover: its namespace is also claimed by second-courts; none" in status.warning(
        "first-courts"
    )
    assert "clashing at discover: its namespace is also claimed by first-courts; none" in status.warning(
        "second-courts"
    )
    assert "courts/gentle" not in status.ids["strategy"]
    assert "modaxfer/lora" in status.ids["strategy"]


def test_two_namespaces_for_one_module(site):
    site.add("one", GOOD)
    site.add("two", GOOD)
    (site.folder / "two_plugin-1.0.dist-info/entry_points.txt").write_text("[modaxfer]\ntwo = one_plugin.plugin\n")
    status = site.status()
    assert status.plugins["one|one-plugin"][0] == "loaded"
    assert "broken at register: module one_plugin.plugin is already the plugin 'one'" in status.warning("two-plugin")
    assert "two/gentle" not in status.ids["strategy"]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("Bad_Name = bad_plugin.plugin", "its namespace 'Bad_Name' is not valid"),
        ("bad = bad_plugin.plugin:register", "its entry point names 'bad_plugin.plugin:register', expected a module"),
    ],
)
def test_unusable_entry_points(site, line, error):
    site.add("bad", GOOD)
    (site.folder / "bad_plugin-1.0.dist-info/entry_points.txt").write_text(f"[modaxfer]\n{line}\n")
    assert f"is broken at discover: {error}" in site.status().warning("bad-plugin")


def test_a_distribution_without_metadata(site):
    site.add("bare", GOOD)
    (site.folder / "bare_plugin-1.0.dist-info/METADATA").unlink()
    status = site.status(PYTHONWARNINGS="error")
    assert status.plugins["bare|distribution without a name"] == ["loaded", "register", ""]
    assert "bare/gentle" in status.ids["strategy"]


def test_a_slow_plugin_works_and_is_called_slow(site):
    site.add("slow", "import time; time.sleep(0.4)\n" + GOOD)
    status = site.status()
    assert "slow/gentle" in status.ids["strategy"]
    assert "its module slow_plugin.plugin is slow" in status.warning("slow-plugin")


def test_a_heavy_plugin_works_and_is_called_heavy(site):
    site.add("heavy", "import datasets\n" + GOOD, distribution="heavy-plugin")
    (site.folder / "datasets.py").write_text("")  # stands in for the library, which takes seconds
    status = site.status()
    assert "heavy/gentle" in status.ids["strategy"]
    assert "its module heavy_plugin.plugin imports datasets" in status.warning("heavy-plugin")


def test_a_plugin_that_prints_does_not_spoil_stdout(site):
    site.add("loud", "print('hello from the plugin')\n" + GOOD)
    status = site.status()
    assert status.warnings == ("hello from the plugin",)


def test_a_missing_target_fails_at_first_use_only(site):
    site.add("good", GOOD, plans="def plann(): ...")
    assert "good/gentle" in site.status().ids["strategy"]
    use = "from modaxfer.registry import *; load_target(registry().get('strategy', 'gentle').spec.target)"
    done = site.python("-c", use)
    assert "strategy good/gentle: module good_plugin.plans has no attribute 'plan'" in done.stderr
    assert "did its author mean plann?" in done.stderr


def test_one_short_name_in_two_plugins(site):
    site.add("first", GOOD)
    site.add("second", GOOD)
    assert site.status().warnings == ()
    ask = "from modaxfer.registry import registry; print(registry().get('strategy', {!r}).id)"
    assert site.python("-c", ask.format("first/gentle")).stdout == "first/gentle\n"
    assert site.python("-c", ask.format("lora")).stdout == "modaxfer/lora\n"
    message = (
        "strategy name 'gentle' is ambiguous. Got: gentle. Allowed: first/gentle, second/gentle. Fix: write the full id"
    )
    assert message in site.python("-c", ask.format("gentle")).stderr


def test_a_checkpoint_of_an_unknown_encoder_is_one_warning(site):
    source = hook("return [CheckpointSpec(name='orphan', encoder='gone/away', hub_id='x/y')]", "modaxfer_checkpoints")
    site.add("weights", source)
    status = site.status()
    assert "weights/orphan" in status.ids["checkpoint"]
    assert (
        "warning: checkpoint weights/orphan is for the encoder 'gone/away', which is unknown or ambiguous"
        in status.warnings
    )
