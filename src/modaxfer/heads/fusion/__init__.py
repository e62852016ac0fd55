"""The head of several encoders: their features, each there or missing, become one prediction."""

from modaxfer.heads.fusion.head import FusionHead, FusionHeadOptions, lose_some

__all__ = ["FusionHead", "FusionHeadOptions", "lose_some"]
