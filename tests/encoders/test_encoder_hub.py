"""The hub, by a stand-in that answers as it does: looked up, fetched, refusing, silent."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time

import fake_hub


def ask(code, endpoint, cache):
    """Run `code` in a fresh interpreter that is online, with `endpoint` as its hub."""
    environment = {"PATH": "/usr/bin:/bin", "HF_ENDPOINT": endpoint, "HF_HOME": str(cache), "MODAXFER_PLUGINS": ""}
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env=environment, capture_output=True, text=True, timeout=60
    )
    return done.stdout + done.stderr, time.monotonic() - start


UNREACHABLE = """
    from modaxfer.encoders.checkpoints import resolve
    from modaxfer.errors import CheckpointUnavailableError
    try:
        resolve("vit")
    except CheckpointUnavailableError as error:
        print(error)
"""


def test_a_refusing_and_a_silent_hub_are_given_up_in_five_seconds_start_up_included(tmp_path):
    with fake_hub.silent() as silent:
        for endpoint in ("http://127.0.0.1:9", silent):
            said, seconds = ask(UNREACHABLE, endpoint, tmp_path)
            assert (
                "vit-base-patch16-224-in21k is not on this machine, and the Hugging Face hub cannot be reached" in said
            )
            assert "name a local folder" in said
            assert seconds < 5


DOWNLOAD = """
    from modaxfer.encoders import hub
    snapshot = hub.look_up("someone/tiny")
    print(snapshot.commit, sorted(path.name for path in snapshot.folder.iterdir()), hub.cached("someone/tiny"))
    print(sorted(path.name for path in hub.download(snapshot).iterdir()), hub.cached("someone/tiny") == snapshot)
    print(hub.cached_ids())
"""


def test_a_hub_model_is_looked_up_without_weights_and_then_fetched(tmp_path):
    files = {
        "config.json": b"{}",
        "model.safetensors": b"weights",
        "tokenizer.json": b"[]",
        "flax_model.msgpack": b"no",
    }
    with fake_hub.serving(files) as (endpoint, asked):
        said, _ = ask(DOWNLOAD, endpoint, tmp_path)
    small, both = "['config.json', 'tokenizer.json']", "['config.json', 'model.safetensors', 'tokenizer.json']"
    assert said.split("\n")[:3] == [f"{fake_hub.COMMIT} {small} None", f"{both} True", "['someone/tiny']"], said
    assert not any("msgpack" in line for line in asked)


REFUSALS = """
    from modaxfer.encoders import hub
    from modaxfer.errors import CheckpointUnavailableError
    asked = ("someone/tiny", None), ("someone/tiny", "v9"), ("someone/else", None), ("a/b/c", None)
    for repository, revision in asked:
        try:
            hub.look_up(repository, revision)
        except CheckpointUnavailableError as error:
            print(error)
"""


def test_what_the_hub_does_not_have_is_named(tmp_path):
    with fake_hub.serving({"config.json": b"{}", "pytorch_model.bin": b"pickle"}) as (endpoint, _):
        said, _ = ask(REFUSALS, endpoint, tmp_path)
    lines = said.splitlines()
    assert "someone/tiny on the hub are not in safetensors format" in lines[0], said
    assert "someone/tiny has no revision v9" in lines[1]
    assert "the hub has no model someone/else" in lines[2]
    assert "a/b/c is not a hub id" in lines[3]
