"""FPT's demo (Lu et al. 2021): a frozen random transformer adds two strings of bits through a trained embedder."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import transformers
from embed_made import batch_of, fields, fitted

from modaxfer.contracts import Batch

WIDTH, TRAINING, STEPS = 48, 768, 150


@pytest.fixture(scope="module")
def body() -> torch.nn.Module:
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=1,
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=2 * WIDTH,
        max_position_embeddings=16,
        hidden_dropout_prob=0,
        attention_probs_dropout_prob=0,
        # A fiftieth, the usual one, would leave so narrow a body next to linear.
        initializer_range=0.125,
    )
    body = transformers.BertModel(config, add_pooling_layer=False)
    for name, parameter in body.named_parameters():
        # What FPT trains besides input and output.
        parameter.requires_grad = "LayerNorm" in name or "position_embeddings" in name
    return body


def learn(body: torch.nn.Module, batch: Batch, wanted: torch.Tensor, embedder: torch.nn.Module) -> float:
    """Train on the first rows and return the share of the other rows' bits that are right."""
    rng, head = np.random.default_rng(0), torch.nn.Linear(WIDTH, 1)
    moving = [tensor for part in (embedder, body, head) for tensor in part.parameters() if tensor.requires_grad]
    optimiser = torch.optim.Adam(moving, lr=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.01, STEPS)

    def logits(rows: torch.Tensor) -> torch.Tensor:
        hidden = embedder({key: tensor[rows] for key, tensor in batch.items()})
        states = body(inputs_embeds=hidden.tokens, attention_mask=hidden.mask.long()).last_hidden_state
        return head(states[:, 6:]).squeeze(-1)

    for _ in range(STEPS):
        rows = torch.from_numpy(rng.integers(0, TRAINING, 64))
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits(rows), wanted[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        right = (logits(torch.arange(TRAINING, len(wanted))) > 0) == (wanted[TRAINING:] > 0.5)
    return right.float().mean().item()


@pytest.mark.recipe
def test_a_frozen_random_body_learns_bit_xor(body) -> None:
    strings = [f"{number:010b}" for number in np.random.default_rng(0).permutation(1024)]
    rows = [{"text": f"{bits[:5]} {bits[5:]}"} for bits in strings]
    wanted = torch.tensor([[float(bits[place] != bits[place + 5]) for place in range(5)] for bits in strings])
    bridge = fitted(rows[:TRAINING], fields(text="text"), units="bytes")
    frozen = {name: tensor.clone() for name, tensor in body.named_parameters() if not tensor.requires_grad}
    torch.manual_seed(0)
    assert learn(body, batch_of(bridge, rows), wanted, bridge.embedder(WIDTH)) >= 0.99
    assert len(frozen) > 20
    assert all(torch.equal(tensor, frozen[name]) for name, tensor in body.named_parameters() if name in frozen)
