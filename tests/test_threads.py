"""Threads that wait soon sleep unless the user says otherwise, and small work gets one."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize  # noqa: F401 - loads the BLAS that is to be limited
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from modaxfer.threads import OWN, SMALL, suitable_threads


def blas_threads():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def openmp():
    """Return code that loads the OpenMP of torch, which takes a tenth of a second where torch takes two."""
    root = Path(find_spec("torch").origin).parent
    found = [path for place in (root / "lib", root.with_name("torch.libs")) for path in sorted(place.glob("libgomp*"))]
    return f"import ctypes; ctypes.CDLL({str(found[0])!r})" if found else "import torch; torch.get_num_threads()"


def said_by_openmp(code, **own):
    """Return what torch's OpenMP itself shows of its settings after `code`, by name."""
    kept = {name: value for name, value in os.environ.items() if name not in OWN}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, "OMP_DISPLAY_ENV": "verbose", **own},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line.strip().removeprefix("[host] ") for line in done.stderr.splitlines() if " = '" in line]
    return {name: value.strip("'") for name, _, value in (line.partition(" = ") for line in lines)}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other builds of torch have another OpenMP")
@pytest.mark.parametrize(
    ("own", "wait", "spins"),
    [
        ({}, None, "10000"),
        ({"OMP_WAIT_POLICY": "active"}, "ACTIVE", None),
        ({"GOMP_SPINCOUNT": "77"}, None, "77"),
        ({"KMP_BLOCKTIME": "200"}, None, None),
    ],
)
def test_waiting_threads_soon_sleep_unless_the_user_says_otherwise(own, wait, spins):
    told = said_by_openmp("import modaxfer;" + openmp(), **own)
    assert told, "this OpenMP shows nothing"
    default = said_by_openmp(openmp(), **own)
    assert told["OMP_WAIT_POLICY"] == (wait or default["OMP_WAIT_POLICY"])
    assert told["GOMP_SPINCOUNT"] == (spins or default["GOMP_SPINCOUNT"])


def test_processes_that_a_run_starts_inherit_it():
    code = f"import modaxfer, subprocess, sys; subprocess.run([sys.executable, '-c', {openmp()!r}], check=True)"
    assert said_by_openmp(code)["GOMP_SPINCOUNT"] == "10000"


@pytest.mark.parametrize(("rows", "threads"), [(SMALL // 8, 1), (SMALL, 2)])
def test_small_work_gets_one_thread_and_the_old_number_comes_back(rows, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with threadpool_limits(limits=2, user_api="blas"):
            allowed = blas_threads()
            with suitable_threads(rows, 8):
                assert torch.get_num_threads() == threads
                assert blas_threads() == {1}
            assert torch.get_num_threads() == 2
            assert blas_threads() == allowed
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(("rows", "threads"), [(60, 1), (14_000, 2)])
def test_trees_of_a_small_table_grow_in_one_thread(monkeypatch, rows, threads):
    from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

    from modaxfer.baselines import table
    from modaxfer.baselines.sample import Sample

    seen, real = [], table.HistGradientBoostingRegressor.fit

    def noted(model, features, targets):
        seen.append(_openmp_effective_n_threads())
        return real(model.set_params(max_iter=1), features, targets)

    monkeypatch.setattr(table.HistGradientBoostingRegressor, "fit", noted)
    monkeypatch.setattr(table, "_after", lambda model, features, rounds, regression: [np.zeros(len(features))] * 4)
    values = np.random.default_rng(0).normal(size=(10, rows))
    sample = Sample(
        columns={split: {str(name): list(column) for name, column in enumerate(values)} for split in ("train", "test")}
        | {"validation": {str(name): list(column) for name, column in enumerate(values)}},
        targets=dict.fromkeys(("train", "validation", "test"), values[0]),
        classes=0,
        seed=0,
        root=None,
    )
    with threadpool_limits(limits=2, user_api="openmp"):
        assert len(list(table.candidates(sample))) == 8
    assert set(seen) == {threads}
