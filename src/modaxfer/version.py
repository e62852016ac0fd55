"""Which release this is; imports nothing, so that every room may ask."""

__all__ = ["__version__"]

__version__ = "0.1.0"
