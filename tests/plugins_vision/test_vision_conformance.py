"""The plugin vision keeps the contracts of modaxfer."""

from modaxfer.testing import conformance

test_conformance = conformance("vision", slow=False)
