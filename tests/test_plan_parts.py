"""Parameters by their names stand where a phase names a part."""

from __future__ import annotations

import pytest

from modaxfer.errors import RefusedError
from modaxfer.plan import Parameters, Part, Phase
from modaxfer.plan_parts import covering, parts_of

BIASES = Parameters(part=Part.BODY, names=("layers.*.bias", "norm.bias"))
FASTER = Parameters(part=Part.ADAPTER, names=("*.lora_B.*",))


@pytest.mark.parametrize(
    ("moving", "part", "name", "found"),
    [
        ((BIASES,), Part.BODY, "layers.3.output.dense.bias", BIASES),
        ((BIASES,), Part.BODY, "layers.3.output.dense.weight", None),
        ((BIASES,), Part.EMBEDDINGS, "embeddings.dense.bias", None),
        ((BIASES,), Part.NORM, "layers.0.norm.bias", BIASES),
        ((BIASES, Part.NORM), Part.NORM, "layers.0.norm.bias", Part.NORM),
        ((Part.BODY, BIASES), Part.BODY, "norm.bias", BIASES),
        ((Part.BODY, BIASES), Part.BODY, "layers.0.q.weight", Part.BODY),
        ((Part.BODY,), Part.NORM, "norm.weight", Part.BODY),
        ((Part.NORM,), Part.BODY, "layers.0.q.weight", None),
        ((Part.ADAPTER, FASTER), Part.ADAPTER, "layers.0.q.lora_B.default.weight", FASTER),
        ((Part.ADAPTER, FASTER), Part.ADAPTER, "layers.0.q.lora_A.default.weight", Part.ADAPTER),
    ],
)
def test_names_come_first_then_the_part_and_norms_are_of_the_body(moving, part, name, found):
    assert covering(moving, part, name) == found


def test_a_phase_knows_its_parts_and_wants_a_rate_for_each():
    moving = frozenset({BIASES, Part.HEAD})
    phase = Phase(trainable=moving, learning_rates=dict.fromkeys(moving, 1e-3))
    assert phase.parts == parts_of(moving) == {Part.BODY, Part.HEAD}
    assert Phase(trainable=moving, learning_rates={Part.BODY: 1e-3, Part.HEAD: 1e-2}).parts == phase.parts
    with pytest.raises(ValueError, match=r"no learning rate for \['body \(layers\.\*\.bias, norm\.bias\)'\]"):
        Phase(trainable=moving, learning_rates={Part.HEAD: 1e-3})


@pytest.mark.parametrize("names", [(), "*.bias", ("",)])
def test_patterns_are_a_tuple_of_some(names):
    with pytest.raises(RefusedError, match=r"parameters of the body are chosen by patterns of names.*at least one"):
        Parameters(part=Part.BODY, names=names)
