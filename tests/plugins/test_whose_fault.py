"""Errors in a plugin's code at run time say whose they are, what was returned and what is allowed."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import pytest
from clumsy import ENCODERS, PARTS, PLANS, PLUGIN, TASKS

TRIED = {
    "a strategy without a plan": (
        {"strategy": "nothing"},
        r"strategy clumsy/nothing returned no plan @plans, line 12\). Got: None: was `return` forgotten\? "
        r"Allowed: a modaxfer.plan.Plan",
    ),
    "a plan without phases": (
        {"strategy": "empty"},
        r"strategy clumsy/empty failed @plans, line 16\). Got: a plan has no phase, .*Allowed: one Phase or more",
    ),
    "a phase without a rate": (
        {"strategy": "rateless"},
        r"strategy clumsy/rateless failed @plans, line 19\). Got: ValueError: phase 'train': no learning rate for",
    ),
    "a strategy that raises": (
        {"strategy": "raises"},
        r"strategy clumsy/raises failed @plans, line 22\). Got: KeyError: 'rank'. Fix: report it",
    ),
    "a strategy that exits": (
        {"strategy": "leaves"},
        r"strategy clumsy/leaves failed @plans, line 25\). Got: SystemExit: 3",
    ),
    "a head of another shape": (
        {"strategy": "headed"},
        r"head clumsy/wide does not say one thing of each row @parts, line \d+\). Got: shape \(2, 3\). "
        r"Allowed: a tensor of shape \(2, 2\)",
    ),
    "a loss of one number": (
        {"strategy": "scalar"},
        r"loss flat does not give one number per row @parts, line \d+\). Got: shape \[\]. Allowed: shape \[\d\]",
    ),
    "a validator that raises": (
        {"strategy": "judged"},
        r"validator clumsy_plugin.parts:Broken failed @parts, line \d+\). Got: KeyError: 'trane'",
    ),
    "an augmentation of another type": (
        {"strategy": "torn"},
        r"row \S+ of task .*: augmentation clumsy/counted returned what it must not @parts, line \d+\). Got: int. "
        r"Allowed: str",
    ),
    "a bridge of too few rows": (
        {"bridge": "few"},
        r"bridge clumsy/few did not return one value per row @parts, line \d+\). Got: \d+ values of \d+ rows. "
        r"Allowed: a list of \d+ values",
    ),
    "a bridge to text of bare strings": (
        {"bridge": "bare"},
        r"bridge clumsy/bare gave a bare string, whose letters .*@parts, line \d+\). Got: '.*'. "
        r"Allowed: a tuple of strings per row, one for each field: \(text,\)",
    ),
    "a bridge without identity": (
        {"bridge": "nameless"},
        r"bridge clumsy/nameless has no identity.* @parts, line \d+\). Got: nothing .*Allowed: a string",
    ),
    "an encoder of no numbers": (
        {"encoder": "clumsy/blank"},
        r"encoder clumsy/blank returned what it must not from finish @encoders, line \d+\). "
        r"Got: \d+ of \d+ numbers .*not finite",
    ),
    "an encoder of another width": (
        {"encoder": "clumsy/narrow"},
        r"encoder clumsy/narrow returned what it must not from embed @encoders, line \d+\). "
        r"Got: tokens of shape .*Allowed: .*hidden_size=",
    ),
    "an encoder that is no class": (
        {"encoder": "clumsy/function"},
        r"encoder clumsy/function is no class of encoders @encoders, line \d+\). "
        r"Got: a function without from_config, .*Allowed: a class with the class methods",
    ),
    "a metric that raises": (
        {"task": "clumsy/bursting"},
        r"metric clumsy/bursting failed @parts, line \d+\). Got: ZeroDivisionError: no such class",
    ),
    "a source of another type": (
        {"task": "clumsy/listed"},
        r"task clumsy/listed brings what are no tables of task 'listed' @tasks, line \d+\). "
        r"Got: train: builtins.list. Allowed: \{'train': pyarrow.Table",
    ),
    "a task whose rows are dropped": (
        {"task": "clumsy/gone"},
        r"task clumsy/gone brings too few usable rows @tasks, line \d+\). Got: no usable row is left .*: 40",
    ),
}

PLACE = r"\(plugin clumsy, clumsy-plugin 1\.0: clumsy_plugin."

USE = """
import json, sys
import modaxfer
folder, output, tried = sys.argv[1:]
request = {"encoder": folder, "task": "clumsy/fine", "strategy": "clumsy/plain", "quiet": True, "device": "cpu"}
told = {}
for number, (name, own) in enumerate(json.loads(tried).items()):
    own = request | own
    if own["encoder"] != folder:
        own["checkpoint"] = folder
    try:
        modaxfer.train(output=f"{output}-{number}", **own)
        told[name] = "trained"
    except modaxfer.ModaxferError as error:
        told[name] = [type(error).__name__, error.exit_status, str(error), type(error.__cause__).__name__]
run = modaxfer.train(output=output, **request)
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tiny, site_in, tmp_path_factory):
    """Return what is said of each fault, and the result of a run in which a metric and a report failed."""
    folder = tmp_path_factory.mktemp("clumsy")
    site = site_in(folder / "site")
    site.add("clumsy", PLUGIN, plans=PLANS, parts=PARTS, encoders=ENCODERS, tasks=TASKS)
    site.add("idle", "from modaxfer import hookimpl\nMODAXFER_API = 0\n")
    tried = json.dumps({name: own for name, (own, _) in TRIED.items()})
    run = folder / "run"
    done = site.warm_python(USE, str(tiny("bert")), str(run), tried, pages=True, MODAXFER_CACHE=str(folder / "cache"))
    assert done.returncode == 0, done.stderr[-4000:]
    return SimpleNamespace(
        errors=json.loads(done.stdout), result=json.loads((run / "result.json").read_text("utf-8")), run=run
    )


@pytest.mark.parametrize(("name", "message"), [(name, message) for name, (_, message) in TRIED.items()], ids=TRIED)
def test_a_fault_says_whose_it_is_and_what_is_allowed(told, name, message):
    kind, status, text, _ = told.errors[name]
    assert re.match(message.replace("@", PLACE), text), text
    assert (kind, status) == ("PluginFaultError", 1)
    assert "Fix: report it to the author of clumsy-plugin; --debug shows the traceback" in text
    assert "unexpected" not in text


def test_the_cause_is_kept_for_who_debugs(told):
    assert told.errors["a strategy that raises"][3] == "KeyError"


def test_a_secondary_metric_and_a_report_cost_a_warning_and_a_line_in_the_result(told):
    faults = {fault["id"]: fault for fault in told.result["faults"]}
    assert told.result["status"] == "completed"
    assert set(told.result["metrics"]["test"]) == {"accuracy"}
    assert set(faults) == {"clumsy/bursting", "clumsy/arrays", "clumsy/card"}
    assert faults["clumsy/arrays"]["error"].startswith("metric clumsy/arrays returned no number (")
    assert "Got: ndarray of shape [3]. Allowed: a float" in faults["clumsy/arrays"]["error"]
    assert faults["clumsy/card"]["module"] == "clumsy_plugin.parts"
    assert isinstance(faults["clumsy/card"]["line"], int)
    said = "\n".join(told.result["warnings"])
    assert said.count(": the metric bursting failed and is left out: metric clumsy/bursting failed (") == 1
    assert said.count("metric clumsy/arrays returned no number") == 1, "one fault, told once"
    assert "a report is left out: report clumsy/card failed (" in said


def test_a_result_names_the_plugins_that_took_part_and_what_they_brought(told):
    plugins = {plugin["namespace"]: plugin for plugin in told.result["plugins"]}
    assert set(plugins) == {"modaxfer", "clumsy"}, "a plugin that is installed and brought nothing took no part"
    clumsy = plugins["clumsy"]
    assert (clumsy["distribution"], clumsy["version"]) == ("clumsy-plugin", "1.0")
    assert clumsy["ids"]["strategy"] == ["clumsy/plain"]
    assert clumsy["ids"]["task"] == ["clumsy/fine"]
    assert set(clumsy["ids"]) == {"strategy", "task", "metric", "report"}
    assert plugins["modaxfer"]["ids"]["encoder"] == ["modaxfer/bert"]
    assert plugins["modaxfer"]["ids"]["head"] == ["modaxfer/linear"]
    page = (told.run / "report.html").read_text("utf-8")
    assert "clumsy (clumsy-plugin 1.0): strategy clumsy/plain, task clumsy/fine" in page


def test_a_run_that_fails_leaves_whose_fault_it_was(told):
    number = list(TRIED).index("a metric that raises")
    result = json.loads((told.run.with_name(f"run-{number}") / "result.json").read_text("utf-8"))
    assert result["status"] == "failed"
    assert [fault["id"] for fault in result["faults"]] == ["clumsy/bursting"]
    assert "clumsy" in {plugin["namespace"] for plugin in result["plugins"]}
