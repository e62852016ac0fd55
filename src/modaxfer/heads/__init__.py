"""Heads: logits or values from what encoders say, trained by gradient or fitted in closed form."""
