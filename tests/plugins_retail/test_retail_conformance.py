"""The plugin retail keeps the contracts of modaxfer."""

from modaxfer.testing import conformance

test_conformance = conformance("retail", slow=False)
