"""A head that reads tokens is given states, which are made once: for training, and for scores."""

from __future__ import annotations

import numpy as np
import pytest
from torch import nn

from modaxfer.config import RunConfig
from modaxfer.contracts import Hidden, Readout, pool
from modaxfer.heads import LinearHead
from modaxfer.plan import Part, Phase
from modaxfer.runner.training import features
from modaxfer.runner.training.features import entry_point, is_known, predict_known


class TokenMean(nn.Module):
    reads = "tokens"

    def __init__(self, width, outputs):
        super().__init__()
        self.linear = nn.Linear(width, outputs)

    def forward(self, given):
        return self.linear(pool(Hidden(given.tokens, given.mask), "mean"))


@pytest.fixture
def session(tiny, own_rows, opened, tmp_path):
    request = RunConfig(
        encoder=(str(tiny("bert")),), strategy="frozen", device="cpu", precision="fp32", **own_rows("text")
    )
    (made,), _, _ = opened(request)
    made.model.head = TokenMean(made.model.encoder.hidden_size, made.criterion.outputs)
    made.weights_key = str(tmp_path)  # Of no other test: nothing is in the cache yet.
    made.model.set_trainable(Phase(trainable=frozenset({Part.HEAD}), learning_rates={Part.HEAD: 1.0}))
    return made


def test_rows_are_scored_from_states_that_are_made_once(session, monkeypatch):
    made, through_body = [], features._states

    def noted(session, split, layer, name):
        made.append((name, layer))
        return through_body(session, split, layer, name)

    monkeypatch.setattr(features, "_states", noted)
    assert entry_point(session, "test").layer == session.model.top
    assert is_known(session, "test")
    whole = session.predict(session.splits["test"])
    known = predict_known(session, "test")
    some = predict_known(session, "test", np.array([2, 0]))
    np.testing.assert_allclose(known.scores, whole.scores, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(some.scores, known.scores[[2, 0]], rtol=1e-4, atol=1e-6)
    assert made == [("test", session.model.top)]


def test_vectors_of_several_layers_are_made_once_while_only_the_head_moves(session, monkeypatch):
    session.model.read((Readout(layers=(0, 2), weights=(0.25, 0.75), pooling="mean"),))
    session.model.head = LinearHead(session.model.width, session.criterion.outputs)
    assert is_known(session, "test")
    whole = session.predict(session.splits["test"])
    np.testing.assert_array_equal(whole.outputs, session.logits(session.splits["test"]))
    np.testing.assert_array_equal(whole.vectors, session.vectors(session.splits["test"]))
    np.testing.assert_allclose(predict_known(session, "test").scores, whole.scores, rtol=1e-4, atol=1e-6)
    monkeypatch.setattr(features, "_pooled", lambda *given: pytest.fail("rows were encoded again"))
    np.testing.assert_array_equal(predict_known(session, "test").scores, predict_known(session, "test").scores)
    session.model.set_trainable(Phase(trainable=frozenset({Part.BODY}), learning_rates={Part.BODY: 1.0}))
    assert not is_known(session, "test")


def test_states_that_are_too_many_are_not_kept(session, monkeypatch):
    monkeypatch.setattr(features, "LARGEST_GB", 0.0)
    assert not is_known(session, "test")
    monkeypatch.setattr(features, "_states", lambda *given: pytest.fail("states were kept"))
    known, whole = predict_known(session, "test"), session.predict(session.splits["test"])
    np.testing.assert_allclose(known.scores, whole.scores, rtol=1e-5)
