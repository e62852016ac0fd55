"""Encoders trained before they have a task: ``modaxfer pretrain``."""
