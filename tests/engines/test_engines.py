"""What every engine does with jobs, asked of each by the same jobs: scripts of a shell, which cost milliseconds."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections import Counter
from types import SimpleNamespace

import pytest

from modaxfer.engines import TRIES, Job, carried_out, chosen
from modaxfer.errors import ConfigError, MissingPackageError, RunFailedError

ONCE_KILLED = "if [ ! -e {0}.begun ]; then touch {0}.begun; kill -9 $$; fi; "
"""Is killed the first time."""

PACKAGES = {"ray": "ray", "slurm": "submitit"}
ELSEWHERE = {"ray": {"cpus": 1}, "slurm": {"cluster": "local", "cpus": 1}}


def job(folder, name, before=""):
    place = folder / name
    script = before.format(place) + f"echo {name} >> {place}.ran; touch {place}.ended"
    return Job(name=name, command=("/bin/sh", "-c", script), log=folder / f"{name}.log", mark=folder / f"{name}.ended")


def runs(folder):
    """Return how often each job came to its end."""
    return {path.stem: path.read_text().count("\n") for path in folder.glob("*.ran")}


@pytest.fixture(scope="module")
def one_ray():
    """Ray, started once: that takes most of a minute where the machine is busy."""
    from modaxfer.engines.ray_tasks import _begin

    ray = pytest.importorskip("ray", reason="extra ray is absent")
    own = _begin(ray, 2)
    yield
    ray.shutdown()
    shutil.rmtree(own)


@pytest.fixture(
    params=[
        "local",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ELSEWHERE),
    ]
)
def where(request):
    if request.param != "local":
        pytest.importorskip(PACKAGES[request.param], reason=f"extra {request.param} is absent")
    if request.param == "ray":
        request.getfixturevalue("one_ray")
    return chosen(request.param, 2, ELSEWHERE.get(request.param))


@pytest.mark.filterwarnings("ignore")  # Ray leaves files of its own open.
def test_each_job_ends_once_and_one_that_is_killed_is_run_once_more(where, tmp_path):
    said = []
    jobs = [job(tmp_path, f"job-{number}", ONCE_KILLED if number == 2 else "") for number in range(5)]
    ended = list(carried_out(where.open(tmp_path), jobs, said.append))
    assert Counter(each.job.name for each in ended) == Counter(each.name for each in jobs)
    assert runs(tmp_path) == {each.name: 1 for each in jobs}
    assert {each.job.name: each.tries for each in ended} == {each.name: 1 for each in jobs} | {"job-2": 2}
    assert [each.died for each in ended] == [None] * 5
    (line,) = said
    assert line.startswith("job-2 died (killed by SIGKILL) and is run once more; its log: ")


@pytest.mark.slow
@pytest.mark.parametrize("name", ELSEWHERE)
@pytest.mark.filterwarnings("ignore")
def test_a_worker_that_dies_costs_one_more_try(name, tmp_path, request):
    pytest.importorskip(PACKAGES[name], reason=f"extra {name} is absent")
    if name == "ray":
        request.getfixturevalue("one_ray")
    kills = "if [ ! -e {0}.begun ]; then touch {0}.begun; kill -9 $(ps -o ppid= -p $PPID); sleep 60; fi; "
    where, said = chosen(name, 1, ELSEWHERE[name]), []
    (ended,) = carried_out(where.open(tmp_path), [job(tmp_path, "job", kills)], said.append)
    assert (ended.tries, ended.died, runs(tmp_path)) == (2, None, {"job": 1})


WATCHFUL = """
import signal, sys, time
from pathlib import Path
from modaxfer.engines.parent import end_with_parent

def write(*_):
    time.sleep(0.5)
    Path(sys.argv[1], "written").touch()
    sys.exit()

signal.signal(signal.SIGTERM, write)
end_with_parent()
Path(sys.argv[1], "begun").touch()
time.sleep(60)
"""
"""Ends with whoever started it, and writes something first, which takes a moment."""


@pytest.mark.slow
@pytest.mark.parametrize("name", ELSEWHERE)
@pytest.mark.filterwarnings("ignore")
def test_what_is_cancelled_may_write_its_checkpoint(name, tmp_path):
    pytest.importorskip(PACKAGES[name], reason=f"extra {name} is absent")
    engine = chosen(name, 1, ELSEWHERE[name]).open(tmp_path)
    command = (sys.executable, "-c", WATCHFUL, str(tmp_path))
    engine.start(Job(name="job", command=command, log=tmp_path / "log", mark=tmp_path / "mark"))
    until = time.monotonic() + 60
    while not (tmp_path / "begun").exists():
        assert time.monotonic() < until, (tmp_path / "log").read_text()
        engine.over()
    engine.close()
    while not (tmp_path / "written").exists():
        assert time.monotonic() < until + 10, "it was killed at once"
        time.sleep(0.1)


def test_a_job_that_always_dies_is_told_with_its_last_end(tmp_path):
    said = []
    (ended,) = carried_out(chosen("local", 1).open(tmp_path), [job(tmp_path, "job", "echo why; exit 3; ")], said.append)
    assert (ended.tries, ended.died, len(said)) == (TRIES, "exit status 3", TRIES - 1)
    assert ended.job.log.read_text() == "why\n" * TRIES


def test_so_many_run_at_once_and_share_the_cores(tmp_path):
    engine, most = chosen("local", 2, {"cpus": 3}).open(tmp_path), []
    start = engine.start
    engine.start = lambda each: (start(each), most.append(len(engine._running)))
    jobs = [job(tmp_path, f"job-{number}", "echo $OMP_NUM_THREADS; ") for number in range(4)]
    list(carried_out(engine, jobs, print))
    assert max(most) == 2
    threads = os.environ.get("OMP_NUM_THREADS", "3")
    assert {each.log.read_text() for each in jobs} == {f"{threads}\n"}
    assert "2 at once with 3 of" in engine.told
    assert "GB for each, which nothing enforces" in engine.told


def test_jobs_are_spread_over_the_gpus_that_there_are(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    engine = chosen("local", 2).open(tmp_path)
    jobs = [job(tmp_path, f"job-{number}", "echo $CUDA_VISIBLE_DEVICES; sleep .2; ") for number in range(2)]
    list(carried_out(engine, jobs, print))
    assert sorted(each.log.read_text() for each in jobs) == ["3\n", "5\n"]
    assert ", 2 GPUs in turn;" in engine.told


def test_whoever_stops_early_ends_what_runs(tmp_path):
    engine = chosen("local", 2).open(tmp_path)
    jobs = [job(tmp_path, "quick"), job(tmp_path, "slow", "sleep 60; ")]
    ended, begun = carried_out(engine, jobs, print), time.monotonic()
    assert next(ended).job.name == "quick"
    ((_, process),) = engine._running
    ended.close()
    assert process.poll() is not None
    assert time.monotonic() - begun < 30
    assert runs(tmp_path) == {"quick": 1}


def test_many_jobs_with_failures_end_exactly_once_each(tmp_path):
    """The simulated run of benchmarks/engines.py, shortened."""
    jobs = [job(tmp_path, f"job-{number}", ONCE_KILLED if number % 7 == 0 else "") for number in range(42)]
    ended = list(carried_out(chosen("local", 4).open(tmp_path), jobs, lambda line: None))
    assert Counter(each.job.name for each in ended) == Counter(each.name for each in jobs)
    assert runs(tmp_path) == {each.name: 1 for each in jobs}
    assert Counter(each.tries for each in ended) == {1: 36, 2: 6}


def test_jobs_alone_mean_this_machine():
    assert chosen(None) is None
    found = chosen(None, "3", {"cpus": "2"})
    assert (found.engine, found.jobs, found.resources.cpus) == ("local", 3, 2)
    assert found.words == "--engine local --jobs 3 --resource cpus=2"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("cluster",), r"there is no such engine. Got: cluster. Allowed: local, ray, slurm"),
        (("local", 0), "--jobs is how many run at once. Got: 0. Allowed: whole numbers from 1"),
        (("local", "two"), "--jobs is how many run at once"),
        (("local", 1, {"partition": "gpu"}), "engine local has no use for a resource. Got: partition. Allowed: cpus"),
        (("slurm", 1, {"minuets": 3}), r"unknown key resource minuets \(did you mean minutes\?\)"),
        (("slurm", 1, {"cpus": 0}), "resource cpus"),
    ],
)
def test_what_cannot_be_is_refused_first(asked, words):
    with pytest.raises(ConfigError, match=words):
        chosen(*asked)


def test_a_package_that_is_absent_is_named(monkeypatch):
    monkeypatch.setattr("modaxfer.engines.choice.find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"--engine ray needs the package ray.*modaxfer\[ray\]"):
        chosen("ray")


def test_a_ray_that_does_not_start_says_what_to_do(monkeypatch, tmp_path):
    def fail(**asked):
        assert (asked["include_dashboard"], asked["num_cpus"]) == (False, 2)
        raise Exception("The current node timed out during startup.\nMore.")

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(init=fail, is_initialized=lambda: False))
    monkeypatch.setattr("modaxfer.engines.choice.find_spec", lambda name: True)
    with pytest.raises(RunFailedError, match=r"Got: The current node timed out during startup.*RAY_ADDRESS"):
        chosen("ray", 2, {"cpus": 1}).open(tmp_path)


def test_a_ray_of_ours_leaves_signals_as_they_were_and_its_folder_goes_with_it(monkeypatch, tmp_path):
    told = {}

    def init(**asked):
        told.update(asked)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(15))

    ray = SimpleNamespace(
        init=init, is_initialized=lambda: False, remote=lambda **_: lambda call: call, shutdown=lambda: None
    )
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr("tempfile.tempdir", "/a/scratch/folder/with/a/name/too/long/for/sockets")
    monkeypatch.setattr("modaxfer.engines.ray_tasks.SHORT", str(tmp_path))
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setattr("modaxfer.engines.choice.find_spec", lambda name: True)
    before = signal.getsignal(signal.SIGTERM)
    engine = chosen("ray", 2, {"cpus": 1}).open(tmp_path)
    assert signal.getsignal(signal.SIGTERM) is before
    (made,) = tmp_path.iterdir()
    assert str(made) == told["_temp_dir"]
    engine.close()
    assert not made.exists()
