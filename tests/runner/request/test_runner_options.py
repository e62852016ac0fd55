"""``--set``: groups, short keys, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from modaxfer.config import documented
from modaxfer.errors import ConfigError
from modaxfer.runner.request.options import split_options


@dataclass(frozen=True, kw_only=True)
class Strategy:
    rank: int = documented(8, "Rank.", minimum=1)
    layer: str = documented("auto", "Layer.")


def test_full_and_short_keys_mean_the_same():
    assert split_options({"rank": "4"}, Strategy) == split_options({"strategy.rank": 4}, Strategy)


def test_nested_mappings_are_groups():
    assert split_options({"strategy": {"rank": 4}, "train": {"patience": 1}}, Strategy).train.patience == 1


def test_flat_is_taken_back():
    options = split_options({"rank": 4, "pooling": "cls"}, Strategy)
    assert split_options(options.flat(), Strategy) == options


def test_an_ambiguous_short_key_is_refused_with_its_full_names():
    with pytest.raises(ConfigError, match=r"ambiguous.*strategy\.layer, encoder\.layer"):
        split_options({"layer": "2"}, Strategy)


def test_an_unknown_key_is_refused_with_close_ones():
    with pytest.raises(ConfigError, match=r"unknown option.*did you mean strategy\.rank"):
        split_options({"rnak": "2"}, Strategy)
    with pytest.raises(ConfigError, match=r"did you mean train\.class_weight"):
        split_options({"clas_weight": "balanced"}, Strategy)
    with pytest.raises(ConfigError, match=r"did you mean strategy\.layer or encoder\.layer\?"):
        split_options({"layers": "2"}, Strategy)


def test_a_value_out_of_range_is_refused():
    with pytest.raises(ConfigError, match=r"strategy\.rank: got 0, must be at least 1"):
        split_options({"rank": "0"}, Strategy)
    with pytest.raises(ConfigError, match=r"train\.class_weight: got 'even', allowed balanced"):
        split_options({"class_weight": "even"}, Strategy)


@dataclass(frozen=True, kw_only=True)
class Render:
    size: int = documented(8, "Size.")


@dataclass(frozen=True, kw_only=True)
class Montage:
    size: int = documented(16, "Size.")
    gap: int = documented(2, "Gap.")


def test_a_key_that_several_bridges_know_goes_to_all_of_them():
    options = split_options({"size": 4, "bridge.gap": 0}, Strategy, [Render, None, Montage])
    assert options.bridges[0] == Render(size=4)
    assert options.bridges[2] == Montage(size=4, gap=0)
    with pytest.raises(ConfigError, match=r"unknown option.*gapp"):
        split_options({"bridge.gapp": 0}, Strategy, [Montage])


def test_defaults_on_which_bridges_differ_are_left_to_each():
    options = split_options({"gap": 3}, Strategy, [Render, Montage])
    assert [bridge.size for bridge in options.bridges] == [8, 16]
    assert "bridge.size" not in options.flat()
    assert split_options(options.flat(), Strategy, [Render, Montage]) == options
    same = split_options({"size": 9}, Strategy, [Render, Montage])
    assert same.flat()["bridge.size"] == 9
    assert split_options(same.flat(), Strategy, [Render, Montage]) == same
