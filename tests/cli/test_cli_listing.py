"""``modaxfer list`` and ``modaxfer show``."""

from __future__ import annotations

import json

import click
import pytest
from click.testing import CliRunner

from modaxfer.cli import layout, listing, output
from modaxfer.errors import ConfigError, UnknownNameError
from modaxfer.registry import KINDS, Entry, PluginRecord, Registry, hook_manager
from modaxfer.spec import (
    IMAGE,
    TEXT,
    AugmentationSpec,
    BridgeSpec,
    CheckpointSpec,
    ClassicalHeadSpec,
    EncoderSpec,
    Field,
    FolderSource,
    HeadSpec,
    MetricSpec,
    ObjectiveSpec,
    ProblemSpec,
    ReportSpec,
    StrategySpec,
    Target,
    TaskSpec,
    TransferabilitySpec,
    ValidatorSpec,
)

SPECS = {
    "encoder": [EncoderSpec(name="eye", target="a:b", inputs=(IMAGE, TEXT), summary="Sees.")],
    "checkpoint": [CheckpointSpec(name="eye-small", encoder="eye", hub_id="lab/eye", size="small")],
    "bridge": [
        BridgeSpec(name="draw", source="text", sink="image", target="a:b"),
        BridgeSpec(name="keep", source="image", sink="image", target="a:b"),
        BridgeSpec(name="cut", source="text", sink="patches", target="a:b"),
        BridgeSpec(name="wide", source="image+table+text", sink="text", target="a:b"),
    ],
    "head": [HeadSpec(name="mouth", target="a:b", summary="Speaks.")],
    "classical head": [ClassicalHeadSpec(name="rule", target="a:b", links=("softmax",), summary="Rules.")],
    "augmentation": [AugmentationSpec(name="blink", signal="image", target="a:b", meaning="probability")],
    "strategy": [
        StrategySpec(name="eye", target="a:b", options="modaxfer.config:TrainOptions"),
        StrategySpec(name="torn", target="a:b", options="modaxfer.config:Nothing"),
    ],
    "objective": [ObjectiveSpec(name="wonder", target="a:b", summary="Wonders.")],
    "validator": [ValidatorSpec(name="doubt", target="a:b", summary="Doubts.")],
    "transferability score": [TransferabilitySpec(name="hunch", target="a:b", links=("softmax",), summary="Feels.")],
    "task": [
        TaskSpec(
            name="claims",
            fields=(Field(name="claim", signal=TEXT),),
            target=Target(classes=("no", "yes")),
            sources=(FolderSource(name="claims"),),
            domain="law",
        )
    ],
    "problem": [ProblemSpec(name="counts", target="a:b", metrics=("mae",))],
    "metric": [MetricSpec(name="loss", target="a:b", problems=("regression",), greater_is_better=False)],
    "report": [ReportSpec(name="page", target="a:b", summary="A page.")],
}


@pytest.fixture(autouse=True)
def made(monkeypatch):
    """Stand in for what is installed: the specs above, and a second plugin with a strategy of the same name."""
    entries = [Entry(kind=kind, plugin="one", spec=spec) for kind, specs in SPECS.items() for spec in specs]
    entries.append(Entry(kind="strategy", plugin="two", spec=StrategySpec(name="eye", target="c:d")))
    registry = Registry([PluginRecord(namespace="one")], entries, hook_manager())
    monkeypatch.setattr(listing, "registry", lambda: registry)


def run(command, *arguments):
    return CliRunner().invoke(command, arguments, catch_exceptions=False)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_each_kind_is_listed_with_a_head(kind):
    lines = run(listing.list_command, kind.plural).output.splitlines()
    assert lines[0].startswith("name ")
    # Two strategies share a name, and tasks stand below their domain.
    assert len(lines) == 1 + len(SPECS[kind.name]) + {"strategy": 1, "task": 2}.get(kind.name, 0)
    assert any(line.startswith(SPECS[kind.name][-1].name) for line in lines)


def test_columns_line_up_and_empty_ones_are_left_out():
    assert run(listing.list_command, "encoders").output == (
        "name  takes        checkpoints  plugin  summary\neye   image, text  eye-small    one     Sees.\n"
    )
    assert "summary" not in run(listing.list_command, "metrics").output


def test_an_ambiguous_name_is_listed_by_its_id():
    names = [line.split()[0] for line in run(listing.list_command, "strategies").output.splitlines()[1:]]
    assert names == ["one/eye", "torn", "two/eye"]


def test_everything_is_listed_by_kind():
    text = run(listing.list_command).output
    assert [line for line in text.splitlines() if line.isupper()] == [kind.plural.upper() for kind in KINDS.values()]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ((), ["draw", "keep", "cut", "wide"]),
        (("--from", "text"), ["draw", "cut", "wide"]),
        (("--from", "table"), ["wide"]),
        (("--from", "image+text"), ["wide"]),
        (("--to", "image"), ["draw", "keep", "cut"]),
        (("--to", "patches"), ["cut"]),
        (("--from", "image", "--to", "image"), ["keep"]),
        (("--from", "text", "--to", "image"), ["draw", "cut"]),
        (("--from", "audio"), []),
    ],
)
def test_bridges_by_their_ends(arguments, names):
    shown = json.loads(run(listing.list_command, "bridges", *arguments, "--json").output)
    assert [bridge["name"] for bridge in shown] == names


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--to", "image"), 1), (("--to", "patches"), 0), (("--from", "image", "--to", "image"), 0), ((), 0)],
)
def test_patches_among_images_are_explained(arguments, said):
    text = run(listing.list_command, "bridges", *arguments).output
    assert text.count("patches are a form of image") == said


def test_a_mix_of_sources_is_listed_by_kind():
    assert "wide  image, table, text  text" in run(listing.list_command, "bridges").output


def test_only_bridges_have_ends():
    with pytest.raises(ConfigError, match=r"--from and --to choose bridges. Got: modaxfer list tasks"):
        run(listing.list_command, "tasks", "--from", "text")


def test_an_unknown_kind_is_refused_by_the_command_line():
    result = run(listing.list_command, "encodes")
    assert result.exit_code == 2
    assert "encoders" in result.output


def test_json_of_one_kind_is_a_list_of_specs():
    (task,) = json.loads(run(listing.list_command, "tasks", "--json").output)
    assert (task["kind"], task["id"], task["name"], task["plugin"]) == ("task", "one/claims", "claims", "one")
    assert task["target"]["problem"] == "multiclass"
    assert task["fields"] == [{"name": "claim", "signal": {"kind": "text"}, "doc": "", "unit": ""}]
    assert task["sources"] == [{"type": "FolderSource", "reader": "", "name": "claims"}]


def test_json_of_everything_is_by_kind():
    shown = json.loads(run(listing.list_command, "--json").output)
    assert list(shown) == [kind.plural for kind in KINDS.values()]
    assert [len(shown[kind.plural]) for kind in KINDS.values()] == [1, 1, 4, 1, 1, 1, 3, 1, 1, 1, 1, 1, 1, 1]


def test_show_prints_what_is_not_empty():
    lines = run(listing.show_command, "claims").output.splitlines()
    assert lines[0] == "task one/claims"
    values = dict(line.split(maxsplit=1) for line in lines[1:])
    assert values["target.classes"] == "no, yes"
    assert values["fields.1.name"] == "claim"
    assert values["sources.1.type"] == "FolderSource"
    assert "licence" not in values


def test_show_lists_settings_with_defaults():
    text = run(listing.show_command, "strategy:one/eye").output
    assert "strategy.warmup " in text
    assert "Share of all steps in which the learning rate rises." in " ".join(text.split())
    (facts,) = json.loads(run(listing.show_command, "encoder:eye", "--json").output)
    pooling = next(setting for setting in facts["settings"] if setting["name"] == "pooling")
    assert pooling == {
        "name": "pooling",
        "default": None,
        "doc": "How tokens are pooled.",
        "choices": ["cls", "mean", "mean_std"],
    }


def test_show_says_why_settings_cannot_be_had():
    text = run(listing.show_command, "torn").output
    assert text.startswith("strategy one/torn\n")
    assert "settings_error" in text
    assert "module modaxfer.config has no attribute 'Nothing'" in " ".join(text.split())


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("eye", ["encoder one/eye", "strategy one/eye", "strategy two/eye"]),
        ("encoder:eye", ["encoder one/eye"]),
        ("strategy:eye", ["strategy one/eye", "strategy two/eye"]),
        ("two/eye", ["strategy two/eye"]),
        ("one/eye", ["encoder one/eye", "strategy one/eye"]),
    ],
)
def test_show_finds_everything_of_a_name(name, found):
    shown = json.loads(run(listing.show_command, name, "--json").output)
    assert [f"{facts['kind']} {facts['id']}" for facts in shown] == found
    printed = run(listing.show_command, name).output.splitlines()
    assert [line for line in printed if line in found] == found


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("clams", r"unknown name. Got: clams.*did you mean claims\? `modaxfer list` shows all"),
        ("task:clams", r"unknown task. Got: clams.*did you mean claims\? `modaxfer list tasks` shows all"),
        ("encoder:claims", "unknown encoder. Got: claims"),
        ("eye:small", "unknown name. Got: eye:small"),
    ],
)
def test_show_of_an_unknown_name(name, message):
    with pytest.raises(UnknownNameError, match=message):
        run(listing.show_command, name)


def test_a_narrow_table_has_every_word(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    output.print_table(
        ["name", "summary", "none"], [["a", "word " * 20, ""], ["b", "[bold]literal[/bold]", ""]], "TITLE"
    )
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 40
    assert "TITLE" in text.splitlines()[0]
    assert text.count("word") == 20
    assert "[bold]literal[/bold]" in text
    assert "none" not in text


def test_a_column_without_a_head_is_no_group_and_words_are_broken_last(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "24")
    output.print_table(["name", "validation", ""], [["a b c d e f", "0.5", "chosen"], ["g", "0.4", ""]])
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "validation"]
    assert [row.split() for row in rows] == [["a", "b", "0.5", "chosen"], ["c", "d"], ["e", "f"], ["g", "0.4"]]


COLUMNS = ["name", "problem", "fields", "licence", "plugin", "summary"]
ROW = ["hail-reports", "multiclass", "report (text)", "CC-BY-4.0", "weather", "Reports of hail and what fell. " * 3]


def test_what_fits_is_shown_and_what_does_not_is_named(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    spare = ("licence", "plugin", "fields")
    output.print_table(COLUMNS, [ROW], spare=spare)
    *table, note = capsys.readouterr().out.splitlines()
    assert note == "not shown: licence; --wide shows all"
    assert max(map(len, table)) <= 80
    assert table[0].split() == ["name", "problem", "fields", "plugin", "summary"]
    assert table[1].startswith("hail-reports  multiclass  report (text)  weather")


def test_rows_stand_in_groups_and_wide_shows_all_on_one_line_each(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")

    @click.command()
    @output.WIDE
    def show():
        output.print_table(COLUMNS, [ROW, ["snow", *ROW[1:]], ["sun", *ROW[1:4], "sky", ""]], group="plugin")

    lines = CliRunner().invoke(show, catch_exceptions=False).output.splitlines()
    assert [line for line in lines if line in ("weather", "sky")] == ["weather", "sky"]
    assert max(map(len, lines)) <= 60
    head, *rows = CliRunner().invoke(show, ["--wide"], catch_exceptions=False).output.splitlines()
    assert head.split() == COLUMNS
    assert [row.split()[0] for row in rows] == ["hail-reports", "snow", "sun"]


@pytest.mark.parametrize(
    ("width", "left"),
    [(200, ()), (82, ("licence",)), (60, ("licence", "plugin", "fields")), (10, ("licence", "plugin", "fields"))],
)
def test_the_least_needed_columns_go_first(width, left):
    kept = layout.fitting(COLUMNS, [ROW], width, ("licence", "plugin", "fields"))
    assert [COLUMNS[place] for place in kept] == [column for column in COLUMNS if column not in left]
