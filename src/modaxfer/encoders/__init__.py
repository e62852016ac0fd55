"""Pretrained backbones: tensors in, token states out, cut between any two layers. One file per signal."""
