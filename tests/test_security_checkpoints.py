"""Folders of weights that bring code along: none of it runs unless the flag allows it, even where "yes" is typed.

Each attack is a real folder; all are opened in one real process whose standard input says yes to every question.
"""

from __future__ import annotations

import json

import pytest

import forked
from modaxfer.testing.material import tiny_models

OPEN = """
import json, sys
from pathlib import Path
from modaxfer.config import EncoderOptions
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import load_encoder
from modaxfer.errors import ModaxferError

said = {}
for folder in sys.argv[2:]:
    try:
        found = resolve(folder, trust_remote_code=sys.argv[1] == "trusted")
        encoder = load_encoder(found, options=EncoderOptions())
        encoder.processor(found.spec.inputs[0].kind)
        said[Path(folder).name] = "loaded"
    except ModaxferError as error:
        said[Path(folder).name] = str(error)
    except Exception as error:
        said[Path(folder).name] = f"unexpected {error!r}"
Path(sys.argv[2]).parent.joinpath("said.json").write_text(json.dumps(said))
"""


def rewrite(path, **changes):
    values = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps(values | changes))


def with_code(folder, name):
    tiny_models.save(name, folder)
    (folder / "own.py").write_text(f"open({str(folder / 'ran')!r}, 'w')\nclass Own:\n    pass\n")
    return folder


def model_beside_a_known_config(root):
    folder = with_code(root / "model_beside_a_known_config", "bert")
    rewrite(folder / "config.json", auto_map={"AutoModel": "own.Own", "AutoConfig": "own.Own"})


def config_of_its_own(root):
    folder = with_code(root / "config_of_its_own", "bert")
    rewrite(folder / "config.json", model_type="own", auto_map={"AutoConfig": "own.Own", "AutoModel": "own.Own"})


def known_config_without_a_known_model(root):
    folder = with_code(root / "known_config_without_a_known_model", "bert")
    rewrite(folder / "config.json", model_type="align_text_model", auto_map={"AutoModel": "own.Own"})


def tokenizer(root):
    folder = with_code(root / "tokenizer", "bert")
    (folder / "tokenizer.json").unlink()
    own = {"auto_map": {"AutoTokenizer": ["own.Own", None]}, "tokenizer_class": "OwnTokenizer"}
    rewrite(folder / "tokenizer_config.json", **own)


def feature_extractor(root, name="wav2vec2"):
    folder = with_code(root / f"feature_extractor_{name}", name)
    own = {"auto_map": {"AutoFeatureExtractor": "own.Own"}, "feature_extractor_type": "Own"}
    rewrite(folder / "preprocessor_config.json", **own)
    rewrite(folder / "processor_config.json", **own)


def feature_extractor_of_whisper(root):
    feature_extractor(root, "whisper")


def image_processor(root):
    folder = with_code(root / "image_processor", "vit")
    own = {"auto_map": {"AutoImageProcessor": "own.Own"}, "image_processor_type": "Own"}
    rewrite(folder / "preprocessor_config.json", **own)


def adapter_of_another_model(root):
    other = with_code(root / "other", "bert")
    rewrite(other / "config.json", auto_map={"AutoModel": "own.Own"})
    folder = with_code(root / "adapter_of_another_model", "bert")
    rewrite(folder / "adapter_config.json", base_model_name_or_path=str(other), peft_type="LORA")


def kernels_from_elsewhere(root):
    folder = with_code(root / "kernels_from_elsewhere", "bert")
    rewrite(folder / "config.json", attn_implementation="someone/kernels:forward")


ATTACKS = (
    model_beside_a_known_config, config_of_its_own, known_config_without_a_known_model, tokenizer, feature_extractor,
    feature_extractor_of_whisper, image_processor, adapter_of_another_model, kernels_from_elsewhere,
)  # fmt: skip
OWN_CODE = r"own code, which is not run unasked. Fix: pass --trust-remote-code"


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """What was said of each hostile folder, and which ones had their code run, without and with the flag."""
    root = tmp_path_factory.mktemp("hostile")
    for attack in ATTACKS:
        attack(root)
    folders = [str(path) for path in sorted(root.iterdir()) if path.name != "other"]

    def answers(flag):
        done = forked.python("-c", OPEN, flag, *folders, answers="y\n" * 50)
        assert done.returncode == 0, done.stderr
        ran = {path.parent.name for path in root.glob("*/ran")}
        return json.loads((root / "said.json").read_text()), ran

    return answers("untrusted"), answers("trusted")


def test_no_code_of_a_folder_runs_unasked(opened):
    (said, ran), _ = opened
    assert ran == set()
    assert len(said) == len(ATTACKS)
    assert "unexpected" not in " ".join(said.values())


def test_the_attacks_are_real(opened):
    _, (_, ran) = opened
    needed = {"config_of_its_own", "tokenizer", "feature_extractor_wav2vec2", "image_processor"}
    assert needed <= ran


@pytest.mark.parametrize(
    "name",
    ["config_of_its_own", "tokenizer", "feature_extractor_wav2vec2", "feature_extractor_whisper", "image_processor"],
)
def test_what_needs_its_own_code_says_which_flag_allows_it(opened, name):
    (said, _), _ = opened
    assert OWN_CODE in said[name]


def test_what_works_without_its_own_code_is_loaded_without(opened):
    (said, _), _ = opened
    assert said["model_beside_a_known_config"] == "loaded"


def test_another_checkpoint_and_kernels_are_refused_whatever_is_allowed(opened):
    for said, ran in opened:
        assert "holds an adapter of peft beside or instead of a model" in said["adapter_of_another_model"]
        assert "asks for compiled kernels from elsewhere, which are not run" in said["kernels_from_elsewhere"]
        assert "AutoModel loads no model of type align_text_model" in said["known_config_without_a_known_model"]
        assert not ran & {"adapter_of_another_model", "other", "kernels_from_elsewhere"}
