"""Encoders trained from rows without labels: ``modaxfer pretrain``."""
