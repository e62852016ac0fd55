import torch

from heads_read import said
from modaxfer.heads.linear import LinearHead


def test_a_fresh_head_starts_near_zero_so_that_the_body_is_not_disturbed():
    torch.manual_seed(0)
    head = LinearHead(64, 50)
    assert torch.equal(head.linear.bias, torch.zeros(50))
    assert abs(float(head.linear.weight.detach().std()) - 0.02) < 0.001


def test_the_map_is_affine_and_stays_float32_under_autocast():
    weight, bias = torch.randn(2, 3), torch.randn(2)
    head, pooled = LinearHead.from_weights(weight, bias), torch.randn(5, 3)
    with torch.autocast("cpu", torch.bfloat16):
        logits = said(head, pooled)
    assert logits.dtype == torch.float32
    torch.testing.assert_close(logits, pooled @ weight.T + bias)


def test_half_precision_features_are_taken():
    assert said(LinearHead(3, 2), torch.ones(4, 3, dtype=torch.bfloat16)).dtype == torch.float32


def test_dropout_acts_in_training_only():
    head, pooled = LinearHead(64, 2, dropout=0.5), torch.ones(1, 64)
    assert not torch.equal(said(head, pooled), said(head, pooled))
    head.eval()
    assert torch.equal(said(head, pooled), said(head, pooled))
