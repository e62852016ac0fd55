"""Weights of several runs, joined: closed forms, and peft's own adapters."""

from __future__ import annotations

import pytest
import torch
from peft import LoraConfig
from peft.tuners.lora import LoraModel
from torch import nn

from modaxfer.plan import Merge
from modaxfer.weight_space.merge import SCALES, direction, mean, merged, scales


def merge(method, **changes):
    return Merge(runs=("a", "b"), method=method, **changes)


def weights(*values):
    """Return weights of two tensors, so that what is joined as one vector has to be taken apart again."""
    return {"a": torch.tensor(values[:2]), "b": torch.tensor([values[2:]])}


ZERO = weights(0.0, 0.0, 0.0, 0.0)
# Of each the two largest are kept. Entry 0: 3 and -1 add up to a plus, so 3; entry 1: -2 and 1 to a minus, so -2; entry
# 2: nothing is left; entry 3: the mean of 2 and 2.5.
TOY = [weights(3.0, -2.0, 0.1, 0.2), weights(-1.0, 0.5, 0.1, 2.0), weights(0.3, 1.0, 0.2, 2.5)]


def test_ties_trims_elects_and_averages():
    found = direction(ZERO, TOY, merge("ties", density=0.5))
    assert found.tolist() == pytest.approx([3.0, -2.0, 0.0, 2.25])


def test_ties_of_whole_vectors_elects_and_averages():
    found = direction(ZERO, TOY[:2], merge("ties"))
    assert found.tolist() == pytest.approx([3.0, -2.0, 0.1, 1.1])


def test_an_average_is_the_mean_of_the_weights():
    base = weights(5.0, 5.0, 5.0, 5.0)
    made = merged(base, TOY[:2], merge("average"))(1.0)
    torch.testing.assert_close(made, mean(TOY[:2], merge("average")))
    assert torch.cat([tensor.flatten() for tensor in made.values()]).tolist() == pytest.approx([1.0, -0.75, 0.1, 1.1])
    threefold = merged(base, TOY[:2], merge("average", weights=(3.0, 1.0)))(1.0)
    torch.testing.assert_close(threefold, mean(TOY[:2], merge("average", weights=(3.0, 1.0))))
    assert float(threefold["a"][0]) == pytest.approx(2.0)


def test_task_vectors_add_up_and_are_scaled():
    base = weights(1.0, 1.0, 1.0, 1.0)
    at = merged(base, TOY[:2], merge("task-arithmetic", weights=(1.0, -1.0)))
    # (3 - 1) - (-1 - 1) = 4, halved, and back onto the checkpoint.
    assert float(at(0.5)["a"][0]) == pytest.approx(1.0 + 0.5 * 4.0)
    torch.testing.assert_close(at(0.0), base)


def test_what_is_dropped_at_random_is_made_up_for():
    base = {"w": torch.zeros(20_000)}
    runs = [{"w": torch.full((20_000,), value)} for value in (1.0, 3.0)]
    found = direction(base, runs, merge("dare", density=0.25))
    assert set(found.tolist()) == {0.0, 4.0, 12.0, 16.0}
    assert float(found.mean()) == pytest.approx(4.0, rel=0.05)
    state = torch.get_rng_state()
    assert torch.equal(found, direction(base, runs, merge("dare", density=0.25)))
    assert torch.equal(state, torch.get_rng_state())
    assert not torch.equal(found, direction(base, runs, merge("dare", density=0.25, seed=1)))
    assert set(direction(base, runs, merge("dare")).tolist()) == {4.0}


def test_an_average_has_one_scale():
    assert scales(merge("average")) == (1.0,)
    assert scales(merge("ties")) == SCALES
    assert scales(merge("ties", scale=0.7)) == (0.7,)


def test_merged_adapters_add_up_as_pefts_concatenated_one():
    """peft's ``cat`` of two LoRA adapters is the weighted sum of what each adds to the matrix, and so is ours."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 5, bias=False))
    base = {"0.weight": model[0].weight.detach().clone()}
    configs = {name: LoraConfig(r=2, lora_alpha=4, target_modules=["0"], init_lora_weights=False) for name in "ab"}
    tuner = LoraModel(model, configs["a"], "a")
    tuner.peft_config["b"] = configs["b"]
    tuner.inject_adapter(model, "b")
    layer = model[0]
    runs = [{"0.weight": base["0.weight"] + layer.get_delta_weight(name).detach()} for name in "ab"]
    tuner.add_weighted_adapter(["a", "b"], [0.75, 0.5], "both", combination_type="cat")
    joined = merged(base, runs, merge("task-arithmetic", weights=(0.75, 0.5)))(1.0)
    torch.testing.assert_close(joined["0.weight"], base["0.weight"] + layer.get_delta_weight("both").detach())
