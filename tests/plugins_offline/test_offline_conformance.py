"""The plugin offline keeps the contracts of modaxfer."""

from modaxfer.testing import conformance

test_conformance = conformance("offline", slow=False)
