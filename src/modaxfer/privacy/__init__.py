"""Differential privacy of training rows: what is spent of it, how rows' gradients are cut, what still leaks."""
