"""BitFit and prompt tuning as plans of a plugin, by public names alone: they move what the built-in ones move."""

from __future__ import annotations

import json

from modaxfer.public_names import private_imports

PLUGIN = """
from modaxfer import hookimpl
from modaxfer.spec import StrategySpec

MODAXFER_API = 0

@hookimpl
def modaxfer_strategies():
    names = ("biases", "prompts", "misspelled")
    return tuple(StrategySpec(name=name, target=f"sparing_plugin.plans:{name}") for name in names)
"""

PLANS = """
from modaxfer.plan import AdapterSpec, Parameters, Part, Phase, Plan
from modaxfer.strategies import ADAPTER_LENGTH, head_rate, main_rate

def moving(context, what):
    rate = main_rate(context, context.rates.adapter)
    rates = {what: rate, Part.HEAD: head_rate(context, rate, context.rates.adapter)}
    return Phase(trainable=frozenset(rates), epochs=ADAPTER_LENGTH.epochs(context), learning_rates=rates)

def biases(options, context):
    return Plan(phases=(moving(context, Parameters(part=Part.BODY, names=("layers.*.bias",))),))

def prompts(options, context):
    tokens = AdapterSpec(method="prompt", options={"tokens": 8})
    learned = Parameters(part=Part.ADAPTER, names=("layers.*.prompt",))
    return Plan(phases=(moving(context, learned),), adapter=tokens)

def misspelled(options, context):
    return Plan(phases=(moving(context, Parameters(part=Part.BODY, names=("layers.*.biass",))),))
"""

USE = """
import json, sys
import modaxfer
import torch
from pathlib import Path
from safetensors.torch import load_file

encoder, data, output = sys.argv[1:]
told = {}
common = {"encoder": encoder, "data": data, "text": "text", "epochs": 2, "device": "cpu", "precision": "fp32",
          "quiet": True, "seed": 3}

def weights(name):
    run = modaxfer.load(f"{output}/{name}")
    run.save_encoder(f"{output}/{name}-encoder")
    return {key: value for path in Path(f"{output}/{name}-encoder").glob("*.safetensors")
            for key, value in load_file(path).items()}

start = {key: value for path in Path(encoder).glob("*.safetensors") for key, value in load_file(path).items()}
for name, strategy, settings in (
    ("own-bias", "sparing/biases", {}),
    ("bias", "adapter", {"set": {"method": "bitfit"}}),
    ("own-prompt", "sparing/prompts", {}),
    ("prompt", "adapter", {"set": {"method": "prompt"}}),
):
    made = modaxfer.train(strategy=strategy, output=f"{output}/{name}", **common, **settings)
    told[name] = made.result.parameters
own, ours = weights("own-bias"), weights("bias")
told["moved"] = {
    name: sorted(key for key, value in made.items() if key in start and not torch.equal(value, start[key]))
    for name, made in (("own", own), ("ours", ours))
}
told["apart"] = max(float((own[key] - ours[key]).abs().max()) for key in ours)
kept = [load_file(path) for name in ("own-prompt", "prompt")
        for path in sorted(Path(f"{output}/{name}/model").rglob("adapter.safetensors"))]
told["prompts"] = [sorted(each) for each in kept]
told["prompts_apart"] = max(float((kept[0][key] - kept[1][key]).abs().max()) for key in kept[0])
try:
    modaxfer.train(strategy="sparing/misspelled", output=f"{output}/wrong", **common)
except modaxfer.ModaxferError as error:
    told["misspelled"] = [error.exit_status, str(error)]
print(json.dumps(told))
"""


def test_it_needs_no_private_name() -> None:
    assert private_imports(PLUGIN) + private_imports(PLANS) == []


def test_plans_of_patterns_move_what_the_built_in_ones_do(site, tiny, own_rows, tmp_path) -> None:
    site.add("sparing", PLUGIN, plans=PLANS)
    data = own_rows("text", 24)["data"]
    done = site.warm_python(USE, str(tiny("bert")), data, str(tmp_path), MODAXFER_CACHE=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["moved"]["own"] == told["moved"]["ours"]
    assert all(name.endswith(".bias") for name in told["moved"]["own"])
    assert len(told["moved"]["own"]) > 8
    assert told["apart"] < 1e-5
    assert told["own-bias"]["trainable"] == told["bias"]["trainable"]
    assert told["prompts"][0] == told["prompts"][1]
    assert told["prompts_apart"] < 1e-5
    assert told["own-prompt"]["trainable"] == told["prompt"]["trainable"]
    assert told["misspelled"][0] == 2
    assert "the plan moves parameters of the body that the encoder does not have" in told["misspelled"][1]
    assert "layers.*.biass" in told["misspelled"][1]
    assert not (tmp_path / "wrong").exists()
