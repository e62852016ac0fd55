"""A plugin with an example of every kind: generated, built into a wheel, unpacked, and checked, unedited."""

from __future__ import annotations

import json
import subprocess
import zipfile

import pytest
from hatchling.build import build_wheel

from fresh import fresh_environment
from modaxfer.scaffold import EXAMPLES, PluginName, Project, chosen, render, write

CHECK = """
import json
from modaxfer.testing import check_plugin
found = check_plugin("fields", slow=False)
bad = [f"{one.id} {one.check.name}: {one.what} {one.got} {one.fix}" for one in found.outcomes if one.status.is_bad]
print(json.dumps({"bad": bad, "checked": len(found.outcomes), "version": found.plugin.version}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Return the wheel of a plugin with an example of every kind."""
    folder, built = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("built")
    write(render(Project(name=PluginName.of("fields"), examples=chosen(("all",)))), folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert build_wheel(str(built)) == "modaxfer_fields-0.1.0-py3-none-any.whl"  # As pip would, in a process.
    return built / "modaxfer_fields-0.1.0-py3-none-any.whl"


def test_the_wheel_holds_the_package_its_data_and_its_licence_and_no_tests(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {"modaxfer_fields/plugin.py", "modaxfer_fields/py.typed", "modaxfer_fields/data/requests.csv"} <= {*names}
    assert "modaxfer_fields/designs/byte-cnn-small/config.json" in names
    assert "modaxfer_fields-0.1.0.dist-info/licenses/LICENSE" in names
    assert not [name for name in names if not name.startswith(("modaxfer_fields/", "modaxfer_fields-"))]


def test_what_is_installed_passes_the_quick_checks_of_the_kit_unedited(wheel, site_in, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)  # All that pip does with a wheel without scripts.
    alone = {"MODAXFER_PLUGINS": "fields", "MODAXFER_STRICT": "1", "MODAXFER_CACHE": str(tmp_path / "cache")}
    told = json.loads(site_in(tmp_path).warm_python(CHECK, **alone).stdout.splitlines()[-1])
    assert told["bad"] == []
    assert told["version"] == "0.1.0"
    assert told["checked"] > len(EXAMPLES)


@pytest.mark.slow
def test_in_a_fresh_environment_its_own_test_passes_and_its_strategies_train(wheel, tmp_path):
    environment = fresh_environment(tmp_path / ".venv", plugins="fields,embedded")

    def run(*words):
        done = subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    run("pip", "install", "--quiet", str(wheel))
    run("modaxfer", "plugins", "check", "fields")
    few = ("--task", "requests", "--limit", "40")
    on = (*few, "--epochs", "1")
    for strategy in ("cosine", "focal", "top-layers"):
        run("modaxfer", "train", "--encoder", "byte-cnn", "--strategy", strategy, *on, "--output", strategy)
        assert (tmp_path / strategy / "scores.csv").read_text().startswith("task,encoder,strategy,metric")
        assert (tmp_path / strategy / "book.csv").read_text().splitlines()[1].startswith("fields/requests,fields/byte-")
    masked = ("--bridge", "masked-text", "--augment", "typos", "--metric", "recall_worst")
    words = ("train", "--encoder", "bert", "--checkpoint", "letters", "--strategy", "full", *masked)
    run("modaxfer", *words, *on, "--output", "letters")
    nearest = ("--encoder", "byte-cnn", "--strategy", "frozen", "--set", "strategy.head=shrunken-means")
    run("modaxfer", "train", *nearest, *few, "--output", "nearest")
    run("modaxfer", "train", "--encoder", "fields/byte-cnn", "--strategy", "full", *on, "--output", "bytes")
