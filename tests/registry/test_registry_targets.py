"""Code named by a string, and what is said where it cannot be had."""

from __future__ import annotations

import pickle

import pytest

from modaxfer.errors import ConfigError, MissingPackageError, PluginError
from modaxfer.registry import Entry, PluginRecord, Registry, hook_manager, load_target, targets
from modaxfer.spec import FolderSource, StrategySpec, Target, TaskSpec


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Return a maker of importable modules, each named by a strategy of the plugin 'mine'."""
    (tmp_path / "mine_plugin-1.0.dist-info").mkdir()
    (tmp_path / "mine_plugin-1.0.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: mine-plugin\nVersion: 1.0\nRequires-Dist: torch\n"
        'Requires-Dist: No_Where.package>=2 ; extra == "plots"\n'
    )
    monkeypatch.syspath_prepend(tmp_path)

    def make(name, source):
        (tmp_path / f"{name}.py").write_text(source)
        spec = StrategySpec(name="gentle", target=f"{name}:plan", options=f"{name}:Options")
        reader = FolderSource(name="x", reader=f"{name}:read")
        task = TaskSpec(name="rows", fields=(), target=Target(), sources=(reader,))
        plugin = PluginRecord(namespace="mine", distribution="mine-plugin", version="1.0")
        entries = [Entry(kind="strategy", plugin="mine", spec=spec), Entry(kind="task", plugin="mine", spec=task)]
        monkeypatch.setattr(targets, "registry", lambda: Registry([plugin], entries, hook_manager()))
        return name

    return make


def test_targets_are_loaded(module):
    name = module("target_good", "class A:\n    def f(): return 7\n")
    assert load_target(f"{name}:A.f")() == 7
    assert load_target("modaxfer.errors:ConfigError") is ConfigError


@pytest.mark.parametrize("target", ["target_good", "target_good:", "a b:c", ""])
def test_not_a_target(target):
    with pytest.raises(PluginError, match=r"not a target. Got: .*Allowed: package.module:Attribute"):
        load_target(target)


def test_a_missing_attribute_names_id_module_and_close_match(module):
    name = module("target_near", "def plans(): ...")
    with pytest.raises(
        PluginError, match=f"strategy mine/gentle: module {name} has no attribute 'plan'.*author mean plans?"
    ):
        load_target(f"{name}:plan")
    with pytest.raises(PluginError, match=r"strategy mine/gentle: .* has no attribute 'Options'.*Fix: Report it to"):
        load_target(f"{name}:Options")


def test_a_target_inside_a_task_names_the_task(module):
    name = module("target_reader", "")
    with pytest.raises(PluginError, match=r"task mine/rows: module target_reader has no attribute 'read'"):
        load_target(f"{name}:read")


def test_a_target_that_nothing_registered_names(module):
    module("target_other", "")
    with pytest.raises(PluginError, match=r"target_other:loss: module target_other has no attribute 'loss'"):
        load_target("target_other:loss")


def test_a_missing_module(module):
    module("target_present", "")
    with pytest.raises(
        PluginError, match=r"target_absent:x: module target_absent cannot be imported. Got: ModuleNotFound"
    ):
        load_target("target_absent:x")


def test_a_missing_package_is_named_with_its_install_line(module):
    name = module("target_needs", "import absent_package.inner")
    message = (
        r"strategy mine/gentle \(target_needs\) needs the package absent_package, .*run `pip install absent_package`"
    )
    with pytest.raises(MissingPackageError, match=message) as caught:
        load_target(f"{name}:plan")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_missing_package_of_an_extra_names_the_extra(module):
    name = module("target_extra", "raise ModuleNotFoundError('gone', name='no_where_package')")
    with pytest.raises(MissingPackageError, match=r"run `pip install 'mine-plugin\[plots\]'`"):
        load_target(f"{name}:plan")


def test_a_missing_package_with_another_distribution_name(module, monkeypatch):
    name = module("target_cv2", "raise ModuleNotFoundError('gone', name='cv2')")
    with pytest.raises(MissingPackageError, match=r"needs the package cv2.*pip install opencv-python-headless"):
        load_target(f"{name}:plan")


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("import json.nothing", "ModuleNotFoundError: No module named 'json.nothing'"),
        ("raise ModuleNotFoundError('no name')", "ModuleNotFoundError: no name"),
        ("from json import nothing", "ImportError: cannot import name 'nothing'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_an_import_that_fails_otherwise(module, source, error):
    name = module(f"target_fails_{len(error)}", source)
    with pytest.raises(PluginError, match=f"strategy mine/gentle: module {name} cannot be imported. Got: {error}"):
        load_target(f"{name}:plan")


def test_our_own_errors_pass_unchanged(module):
    name = module("target_ours", "from modaxfer.errors import ConfigError\nraise ConfigError('not like this')")
    with pytest.raises(ConfigError, match=r"not like this"):
        load_target(f"{name}:plan")
