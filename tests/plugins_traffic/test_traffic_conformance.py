"""The plugin traffic keeps the contracts of modaxfer."""

from modaxfer.testing import conformance

test_conformance = conformance("traffic", slow=False)
