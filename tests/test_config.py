"""Settings from flags, YAML and Python: what is converted, what is refused, and what is said."""

from __future__ import annotations

import pytest

from modaxfer.config import RunConfig, TrainOptions, build
from modaxfer.errors import ConfigError
from modaxfer.synonyms import meant, meant_value


def test_what_every_setting_means_elsewhere_is_a_setting_here():
    from modaxfer import synonyms
    from modaxfer.pretraining.config import PretrainingConfig

    known = [set(config.__dataclass_fields__) for config in (RunConfig, PretrainingConfig)]
    assert set(synonyms._KEYS) <= set.union(*known)
    for name, group in synonyms._KEYS.items():
        words = group.split()
        assert len(set(words)) == len(words)
        for fields in known:
            assert name not in fields or not set(words) & (fields - {"source"})


@pytest.mark.parametrize(
    ("word", "setting"),
    [
        ("lr", "learning_rate"),
        ("model", "encoder"),
        ("bs", "batch_size"),
        ("epoch", "epochs"),
        ("out", "output"),
        ("gpu", "device"),
        ("method", "strategy"),
        ("dataset", "data"),
        ("lerning-rate", "learning_rate"),
        ("Batch-Size", "batch_size"),
    ],
)
def test_what_other_programs_call_a_setting_is_understood(word, setting):
    assert meant(word, RunConfig.__dataclass_fields__)[0] == setting
    with pytest.raises(ConfigError, match=rf"unknown key {word} \(did you mean {setting}"):
        build(RunConfig, {word: "1"})


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("device", "gpu", r"did you mean cuda\?"),
        ("device", "GPU", r"did you mean cuda\?"),
        ("device", "cpuu", r"did you mean cpu\?"),
        ("precision", "float16", r"did you mean fp16\?"),
        ("weights", "scratch", r"did you mean random\?"),
        ("epochs", "nan", r"epochs: got 'nan', expected a number"),
        ("learning_rate", float("inf"), r"learning_rate: got inf, expected a number"),
        ("seed", "1.5", r"seed: got '1.5', expected a whole number"),
        ("seed", -1, r"seed: got -1, must be at least 0"),
        ("seed", 2**32, r"seed: got 4294967296, must be at most 4294967295"),
        ("seed", "9" * 5000, r"seed: got '9{59}\.\.\., expected a whole number"),
        ("seed", ["x"] * 99, r"seed: got \['x'.{56}\.\.\., expected a whole number"),
        ("limit", True, r"limit: got True, expected a whole number"),
        ("strategy", {"name": "lora"}, r"strategy: got \{'name': 'lora'\}, expected one text"),
        ("data", ["a.csv", "b.csv"], r"data: got \['a.csv', 'b.csv'\], expected one text"),
        ("problem", False, r"problem: got false, expected text; in YAML, put the word in quotes"),
        ("set", ["rank=8"], r"set: got \['rank=8'\], expected keys with values"),
        ("standalone", "perhaps", r"standalone: got 'perhaps', expected true or false"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_expected(key, value, message):
    with pytest.raises(ConfigError, match=message):
        build(RunConfig, {key: value})


def test_a_number_that_python_itself_will_not_write_is_refused_too():
    with pytest.raises(ConfigError, match="seed: got a number of very many digits, expected a whole number"):
        build(RunConfig, {"seed": 10**5000})


def test_one_typo_does_not_list_every_key():
    with pytest.raises(ConfigError) as caught:
        build(RunConfig, {"stategy": "lora", "epochs": "many"})
    text = str(caught.value)
    assert "unknown key stategy (did you mean strategy?); epochs: got 'many', expected a number" in text
    assert "Allowed" not in text


def test_a_key_without_a_value_is_left_at_its_default():
    empty = {"encoder": None, "strategy": None, "seed": None, "set": None, "epochs": None, "standalone": None}
    assert build(RunConfig, empty) == RunConfig()


def test_text_of_the_command_line_becomes_the_type_of_its_field():
    made = build(TrainOptions, {"rates": "0.3,1,3", "cache": "off", "accumulation": "2", "class_weight": "none"})
    assert made == TrainOptions(rates=(0.3, 1.0, 3.0), cache=False, accumulation=2)
    assert meant_value("no such word", ("auto", "cpu")) == []
