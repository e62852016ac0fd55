"""Ends in weight space: what becomes of the weights when training is done. No gradient is taken here."""
