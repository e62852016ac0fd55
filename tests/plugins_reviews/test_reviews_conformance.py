"""The plugin reviews keeps the contracts of modaxfer."""

from modaxfer.testing import conformance

test_conformance = conformance("reviews", slow=False)
