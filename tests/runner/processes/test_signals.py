"""Signals stop work where it can be resumed, once; the second one does not wait."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from modaxfer.runner.processes.signals import StoppedError, heeded, pending, shielded, telling

STUBBORN = """
import os, signal, time
from modaxfer.runner.processes.signals import StoppedError, heeded, shielded
signal.signal(signal.SIGINT, signal.default_int_handler)
with heeded(), shielded():
    os.kill(os.getpid(), signal.{name})
    print("still here", flush=True)
    os.kill(os.getpid(), signal.{name})
    print("never", flush=True)
"""


def send(number):
    os.kill(os.getpid(), number)


@pytest.fixture(autouse=True)
def handlers():
    """The handlers that a terminal gives, and that are there afterwards; tests in the background are born deaf."""
    own = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    before = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    for number, handler in before.items():
        signal.signal(number, handler)
    yield
    assert {number: signal.getsignal(number) for number in before} == before
    for number, handler in own.items():
        signal.signal(number, handler)


def test_an_error_of_python_in_place_of_ours_is_told_as_well(tmp_path):
    """Whatever waits in C asks for signals itself, and says no more than that there was one."""

    def wait():
        try:
            send(signal.SIGTERM)
        except StoppedError:
            raise KeyboardInterrupt from None

    (tmp_path / "begun").touch()
    with pytest.raises(StoppedError) as stop, heeded(), telling("modaxfer x", tmp_path, begun="begun"):
        wait()
    assert str(stop.value) == f"stopped by SIGTERM; `modaxfer x --resume --output {tmp_path}` goes on from there"


def test_a_signal_that_comes_while_an_error_is_on_its_way_out_is_told_how_to_go_on(tmp_path):

    def fail():
        try:
            with telling("modaxfer x", tmp_path, begun="begun"):
                raise ConnectionError
        finally:
            send(signal.SIGTERM)

    (tmp_path / "begun").touch()
    with pytest.raises(StoppedError) as stop, heeded():
        fail()
    assert str(stop.value) == f"stopped by SIGTERM; `modaxfer x --resume --output {tmp_path}` goes on from there"
    with pytest.raises(StoppedError, match=r"^stopped by SIGINT$"), heeded():
        send(signal.SIGINT)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_raised_at_once(number):
    with pytest.raises(StoppedError, match=rf"^stopped by {number.name}$") as stop, heeded(), heeded():
        send(number)
    assert stop.value.number == number


def test_it_is_held_back_where_work_must_not_be_left_half_done():
    done = []

    def step():
        with shielded():
            with shielded():
                send(signal.SIGTERM)
                done.append(pending())
            done.append("rest")
        done.append("never")

    with heeded(), pytest.raises(StoppedError):
        step()
    assert done == [signal.SIGTERM, "rest"]


def test_it_goes_before_an_error_that_comes_of_it():
    def step():
        with shielded():
            send(signal.SIGINT)
            raise RuntimeError("another process has gone")

    with heeded(), pytest.raises(StoppedError) as stop:
        step()
    assert isinstance(stop.value.__cause__, RuntimeError)


def test_once_raised_work_is_tidied_up_undisturbed():
    def work():
        try:
            send(signal.SIGTERM)
        finally:
            with shielded():
                pass

    with heeded(), pytest.raises(StoppedError):
        work()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_the_second_signal_ends_the_process_at_once(name):
    done = subprocess.run(
        [sys.executable, "-c", STUBBORN.format(name=name)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "still here\n"
    assert done.returncode == -signal.Signals[name]


def test_processes_of_a_launcher_leave_repeats_to_it(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")

    def step():
        with shielded():
            send(signal.SIGTERM)
            send(signal.SIGTERM)

    with heeded(), pytest.raises(StoppedError):
        step()


def test_ignored_signals_stay_ignored_and_threads_are_left_alone():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with heeded():
            send(signal.SIGINT)
            assert pending() == 0
    finally:
        signal.signal(signal.SIGINT, before)
    errors = []

    def work():
        try:
            with heeded():
                pass
        except ValueError as error:  # what signal.signal raises in a thread
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert errors == []


def test_what_takes_it_up_again_is_told_once_there_is_something(tmp_path):
    folder = tmp_path / "my run"

    def stopped():
        with telling("modaxfer train", folder, begun="config.yaml"):
            raise StoppedError(signal.SIGINT)

    with pytest.raises(StoppedError, match=r"^stopped by SIGINT$"):
        stopped()
    folder.mkdir()
    (folder / "config.yaml").touch()
    told = rf"stopped by SIGINT; `modaxfer train --resume --output '{folder}'` goes on from there"
    with pytest.raises(StoppedError, match=told):
        stopped()
