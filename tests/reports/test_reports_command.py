"""The command that repeats a run."""

from __future__ import annotations

import shlex

import pytest

from modaxfer.reports.command import repeat_command, train_command


def test_flags_are_spelled_out_and_defaults_left_out(run):
    run.config(seed=3, standalone=True, epochs=2.0, set={"rank": 8, "strategy.dora": True, "targets": ["q", "v"]})
    assert train_command(run.root) == (
        "modaxfer train --encoder bert --strategy lora --task legal-sentiment --epochs 2 --seed 3 --standalone "
        "--set rank=8 --set strategy.dora=true --set targets=q,v"
    )


@pytest.mark.parametrize("path", ["my data/it's.csv", "$(rm -rf x);.csv"])
def test_names_are_quoted_for_the_shell(run, path):
    run.config(task=(), data=path, text=("a", "b c"), label="y")
    words = shlex.split(train_command(run.root))
    assert words[words.index("--data") + 1] == path
    assert [words[place + 1] for place, word in enumerate(words) if word == "--text"] == ["a", "b c"]


def test_the_config_itself_repeats_the_run(run):
    run.config()
    assert shlex.split(repeat_command(run.root)) == ["modaxfer", "train", "--config", str(run.root / "config.yaml")]


def test_a_run_without_config(tmp_path):
    assert repeat_command(tmp_path) is None
    assert train_command(tmp_path) is None


def test_a_config_of_another_version_is_not_spelled_out(run):
    (run.root / "config.yaml").write_text("encoder: [bert]\nof_the_future: 1\n")
    assert train_command(run.root) is None
    assert repeat_command(run.root) is not None


def test_options_at_their_default_are_left_out_whoever_brings_them(run):
    defaults = {"strategy.rank": 16, "train.warmup": 0.1, "train.class_weight": None, "encoder.pooling": None}
    run.config(set=defaults | {"strategy.dora": True, "bridge.dots": 9, "train.patience": 5})
    words = train_command(run.root).split()
    assert [words[place + 1] for place, word in enumerate(words) if word == "--set"] == [
        "strategy.dora=true", "bridge.dots=9", "train.patience=5",
    ]  # fmt: skip


def test_defaults_of_the_bridge_that_was_taken_are_left_out(run):
    import dataclasses

    from modaxfer.bridges.render import RenderOptions

    options = {f"bridge.{item.name}": item.default for item in dataclasses.fields(RenderOptions)}
    run.config(set=options)
    assert "--set" not in train_command(run.root, "modaxfer/render")
    assert train_command(run.root).count("--set") == len(options) > 0


def test_a_strategy_that_is_not_installed_here_is_spelled_out_in_full(run):
    run.config(strategy="of-a-plugin", set={"strategy.rank": 16})
    assert train_command(run.root).endswith("--set strategy.rank=16")
