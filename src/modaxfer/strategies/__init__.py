"""Strategies: transfer methods as declarative plans. Each file has its options and ``plan(options, context)``."""
