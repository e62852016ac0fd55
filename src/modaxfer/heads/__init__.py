"""Heads: logits or values from pooled features, trained by gradient or fitted in closed form."""
