"""Installed distributions that do their worst, all at once: each has its own line, and everything else works."""

from __future__ import annotations

import json
from types import SimpleNamespace

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
    return [StrategySpec(name="gentle", target="good_plugin.plans:plan", summary="calm \\x1b[31m red \\u202e back")]
"""
)


def hook(body: str, name: str = "modaxfer_strategies", head: str = HEAD) -> str:
    return f"{head}\n@hookimpl\ndef {name}():\n    {body}\n"


SPEC = "StrategySpec(name='{}', target='{}')"

HOSTILE = {
    "raises": (hook("raise OSError('no\\x1b[2J disk\\nat all')"), "broken", "specs", "OSError: no\\x1b[2J disk at all"),
    "cancels": ("import asyncio\nraise asyncio.CancelledError('over')", "broken", "import", "CancelledError: over"),
    "garbage": (hook("return [{'name': 'a'}, 7]"), "broken", "specs", "returned dict {'name': 'a'}, expected Strateg"),
    "spaced": (hook(f"return [{SPEC.format('a b', 'a:b')}]"), "broken", "specs", "strategy name 'a b' is not valid"),
    "untargeted": (hook(f"return [{SPEC.format('a', 'a')}]"), "broken", "specs", "target is 'a', expected 'package.m"),
    "twice": (hook(f"return [{SPEC.format('a', 'a:b')}] * 2"), "broken", "specs", "returned strategy 'a' more than"),
    "silent": (hook("pass"), "broken", "specs", "modaxfer_strategies() returned nothing, expected a list"),
    "unlike": (
        "class Odd(int):\n    def __ne__(self, other): 1 / 0\nMODAXFER_API = Odd()",
        "broken",
        "api",
        "ZeroDivision",
    ),
    "round": ("from about_plugin.plugin import HERE\nTHERE = 1", "broken", "import", "circular import"),
    "about": ("from round_plugin.plugin import THERE\nHERE = 1", "broken", "import", "circular import"),
}

USE = """
import contextlib, io, json, sys
from modaxfer.registry import watch
watch.FIRST_SECONDS = 0.1
from modaxfer.cli.main import run
from modaxfer.registry import KINDS, load_target, registry
made = registry()
def said(*words):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            run(list(words))
        except SystemExit as end:
            return [end.code, out.getvalue(), err.getvalue()]
try:
    load_target(made.get("strategy", "gentle").spec.target)
except Exception as error:
    missing = str(error)
print(json.dumps({
    "plugins": {r.namespace: [r.state, r.stage, r.error] for r in made.plugins},
    "ids": [entry.id for entry in made.all("strategy")],
    "list": said("list", "strategies"), "table": said("plugins", "list", "--wide"), "missing": missing,
}))
"""


@pytest.fixture(scope="module")
def hostile(site_in, tmp_path_factory):
    """Return a site with every hostile distribution, and what a fresh interpreter makes of it."""
    site = site_in(tmp_path_factory.mktemp("hostile"))
    for name, (source, *_) in HOSTILE.items():
        site.add(name, source)
    site.add("good", GOOD)
    site.add("sleepy", "import time\ntime.sleep(0.4)\n" + HEAD)
    site.add("lazy", hook("__import__('time').sleep(0.3)\n    return []"))
    site.add("heavy", "import torch\n" + HEAD)
    (site.folder / "torch.py").write_text("")  # stands in for the library, which takes seconds
    for name in ("latin", "garbled", "painted"):
        site.add(name, HEAD)
    metadata = site.folder / "latin_plugin-1.0.dist-info/METADATA"
    metadata.write_bytes(metadata.read_bytes() + "Author: Ren\xe9\n".encode("latin-1"))
    points = site.folder / "garbled_plugin-1.0.dist-info/entry_points.txt"
    points.write_bytes(points.read_bytes() + b"\xff\xfe = garbled\n")
    painted = site.folder / "painted_plugin-1.0.dist-info"
    (painted / "METADATA").write_text("Metadata-Version: 2.1\nName: painted\x1b[31m-plugin\nVersion: 1.0\n")
    (painted / "entry_points.txt").write_text("[modaxfer]\npain\x1b[31mted = painted_plugin.plugin\n")
    done = site.python("-c", USE)
    assert done.returncode == 0, done.stderr
    return SimpleNamespace(site=site, lines=done.stderr.splitlines(), **json.loads(done.stdout))


def line_of(hostile, name):
    (line,) = [line for line in hostile.lines if line.startswith(f"warning: plugin {name!r} (")]
    return line


@pytest.mark.parametrize("name", HOSTILE)
def test_it_stands_alone_and_is_told_with_its_stage_and_a_fix(hostile, name):
    _, state, stage, error = HOSTILE[name]
    line = line_of(hostile, name)
    assert hostile.plugins[name][:2] == [state, stage]
    assert line.startswith(f"warning: plugin {name!r} ({name}-plugin 1.0) is {state} at {stage}: ")
    assert error in line
    assert line.endswith(f"Fix: install another release of {name}-plugin, uninstall it, or name the plugins to load in "
                         "MODAXFER_PLUGINS")  # fmt: skip


def test_the_rest_works(hostile):
    assert {"good/gentle", "modaxfer/lora", "modaxfer/full"} <= set(hostile.ids)
    assert not {name.partition("/")[0] for name in hostile.ids} & set(HOSTILE)
    assert hostile.list[0] == hostile.table[0] == 0
    assert "gentle" in hostile.list[1]
    assert "raises-plugin" in hostile.table[1]


def test_a_target_that_is_not_there_is_told_where_it_is_used(hostile):
    assert hostile.missing.startswith("strategy good/gentle: module good_plugin.plans cannot be imported.")


def test_files_that_are_not_utf_8_cost_their_own_plugin(hostile):
    assert "is broken at discover: its METADATA cannot be read, 'utf-8' codec" in line_of(hostile, "latin")
    assert "is broken at discover: its entry_points.txt cannot be read, 'utf-8' codec" in line_of(
        hostile, "garbled_plugin"
    )


def test_what_is_slow_is_told_with_its_time_and_where_it_is(hostile):
    sleepy = [line for line in hostile.lines if "sleepy" in line]
    assert sleepy[0].startswith("modaxfer: plugin 'sleepy' (sleepy-plugin 1.0) is still being loaded after 0.1")
    assert "s, in plugin.py, line 2; Ctrl-C ends the command, and MODAXFER_PLUGINS names" in sleepy[0]
    assert "its module sleepy_plugin.plugin is slow: 4" in sleepy[-1]
    assert any("plugin 'lazy' (lazy-plugin 1.0): its hooks are slow: 3" in line for line in hostile.lines)


def test_what_is_heavy_is_told(hostile):
    assert any("its module heavy_plugin.plugin imports torch; name code by a target" in line for line in hostile.lines)


def test_no_control_character_reaches_a_terminal(hostile):
    told = [*hostile.lines, *hostile.list[1:], *hostile.table[1:]]
    assert not [text for text in told if "\x1b" in text or "\u202e" in text]
    assert "namespace 'pain\\x1b[31mted' is not valid" in "".join(hostile.lines)


def test_strict_mode_raises_and_names_them_all(hostile):
    done = hostile.site.python("-m", "modaxfer", "list", "strategies", MODAXFER_STRICT="1")
    assert done.returncode == 2
    assert all(f"plugin {name!r} ({name}-plugin 1.0) is broken at" in done.stderr for name in HOSTILE)
    assert "\x1b" not in done.stderr
    assert "Traceback" not in done.stderr
