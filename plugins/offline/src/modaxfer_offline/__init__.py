"""Pretrained weights that pip packages carry, for machines without a hub."""
