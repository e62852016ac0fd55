"""What `modaxfer push` sends to the hub, to whom, and what it refuses to; the hub is a made-up one."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from modaxfer.errors import ConfigError, RefusedError, RunFailedError
from modaxfer.export.push import push_folder

CARD = "---\ntags:\n- modaxfer\n---\n\n# A model\n"


class Hub:
    """Notes what is asked of it; `there` says how private the models are that it has."""

    def __init__(self, fault=None, **there):
        self.there, self.fault, self.sent = {f"me/{name}": private for name, private in there.items()}, fault, {}

    def repo_exists(self, name):
        return name in self.there

    def model_info(self, name):
        return SimpleNamespace(private=self.there[name])

    def create_repo(self, name, *, private):
        self.there[name] = private

    def upload_folder(self, *, repo_id, folder_path, allow_patterns, commit_message):
        if self.fault:
            raise self.fault
        self.sent[repo_id] = sorted(allow_patterns)
        assert commit_message.startswith(f"Push {folder_path.name}")
        return SimpleNamespace(commit_url=f"https://hub/{repo_id}/commit/1")


@pytest.fixture
def product(tmp_path):
    folder = tmp_path / "model"
    (folder / "encoder").mkdir(parents=True)
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (folder / "encoder" / name).write_text("{}")
    for name in ("head.safetensors", "pipeline.py", "pipeline.json", "export.json"):
        (folder / name).write_text("{}")
    (folder / "README.md").write_text(CARD)
    return folder


@pytest.fixture
def online(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")


@pytest.mark.usefixtures("online")
def test_it_is_private_unless_told_otherwise_and_sends_the_product_alone(product):
    hub, files = Hub(), sorted(path.relative_to(product).as_posix() for path in product.rglob("*") if path.is_file())
    (product / "log.jsonl").touch()
    told = push_folder(product, "me/model", make_api=lambda: hub)
    assert (hub.there, hub.sent) == ({"me/model": True}, {"me/model": files})
    assert (told.left, told.url) == (["log.jsonl"], "https://hub/me/model/commit/1")
    push_folder(product, "me/open", public=True, make_api=lambda: hub)
    assert hub.there["me/open"] is False


@pytest.mark.usefixtures("online")
def test_a_model_that_is_there_stays_as_private_as_it_is(product):
    with pytest.raises(RefusedError, match=r"me/old is there already and public\. .* Fix: say --public"):
        push_folder(product, "me/old", make_api=lambda: Hub(old=False))
    with pytest.raises(RefusedError, match="me/old is there already and private"):
        push_folder(product, "me/old", public=True, make_api=lambda: Hub(old=True))
    hub = Hub(old=True)
    push_folder(product, "me/old", make_api=lambda: hub)
    assert hub.there == {"me/old": True}
    with pytest.raises(RunFailedError, match=r"the hub did not take me/old\. Got: OSError: 403.* Fix: `hf auth login`"):
        push_folder(product, "me/old", make_api=lambda: Hub(old=True, fault=OSError("403")))


def test_a_hub_that_is_switched_off_is_told_and_a_dry_run_asks_nobody(product, shell):
    with pytest.raises(RefusedError, match=r"the hub is switched off\. Got: HF_HUB_OFFLINE is set"):
        push_folder(product, "me/model", make_api=lambda: pytest.fail("it was asked"))
    status, out, err = shell("push", product, "me/model", "--dry-run")
    assert status == 0, err
    assert "encoder/model.safetensors" in out
    assert out.splitlines()[-1] == "would be sent to me/model, private"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("customers.csv", "a", r"files that are not part of what was made\. Got: customers\.csv"),
        ("encoder/customers.json", "a", "files that are not part of what was made"),
        ("pytorch_model.bin", "a", "files that are not part of what was made"),
        (".env", "TOKEN=1", "files that are not part of what was made"),
        ("README.md", "mine", "the folder has no model card"),
        ("result.json", "{}", r"a run's folder.* Fix: `modaxfer export .* --to transformers`"),
        ("adapter_config.json", json.dumps({"base_model_name_or_path": "/models/bert"}), "stands on a folder of this"),
    ],
)
def test_what_is_no_product_is_refused(product, name, text, words):
    (product / name).write_text(text)
    with pytest.raises(RefusedError, match=words):
        push_folder(product, "me/model", dry_run=True)


@pytest.mark.parametrize("name", ["README.md", "encoder/pretraining.json", "encoder/config.json"])
def test_what_names_a_folder_of_this_machine_is_refused(product, name, tmp_path):
    (product / name).write_text(f'{CARD}"start": "{tmp_path}/acme"')
    with pytest.raises(RefusedError, match=rf"name folders of this machine.* Got: {name}: {tmp_path}/acme\. Fix: exp"):
        push_folder(product, "me/model", dry_run=True)
    (product / name).write_text(f'{CARD}"start": "/not/on/this/machine", "https://hub.example{tmp_path}"')
    assert name in push_folder(product, "me/model", dry_run=True).files


def test_a_link_no_weights_and_another_name_are_refused(product, tmp_path):
    for name in ("model", "me/a/b", "me/a b"):
        with pytest.raises(ConfigError, match=r"no name of a model on the hub\. .* Allowed: OWNER/MODEL"):
            push_folder(product, name, dry_run=True)
    with pytest.raises(RefusedError, match="there is no such folder"):
        push_folder(tmp_path / "absent", "me/model", dry_run=True)
    (product / "vocab.txt").symlink_to("/etc/hostname")
    with pytest.raises(RefusedError, match=r"not part of what was made\. Got: vocab\.txt"):
        push_folder(product, "me/model", dry_run=True)
    (product / "vocab.txt").unlink()
    (product / "encoder" / "model.safetensors").unlink()
    with pytest.raises(RefusedError, match="there are no weights in the folder"):
        push_folder(product, "me/model", dry_run=True)


def test_encoders_of_a_plugin_are_products():
    packed = pytest.importorskip("modaxfer_embedded", reason="the plugin embedded is not installed").__path__[0]
    for name in ("bert-tiny", "vit-tiny", "wav2vec2-tiny"):
        assert push_folder(Path(packed) / "weights" / name, f"me/{name}", dry_run=True).left == []
