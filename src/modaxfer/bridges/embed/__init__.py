"""Fields of any kind as tokens of the encoder's own width, by an embedder that is trained with the model."""

from modaxfer.bridges.embed.bridge import EmbedBridge
from modaxfer.bridges.embed.options import EmbedOptions

__all__ = ["EmbedBridge", "EmbedOptions"]
