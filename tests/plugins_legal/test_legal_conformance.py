"""The plugin legal keeps the contracts of modaxfer."""

from modaxfer.testing import conformance

test_conformance = conformance("legal", slow=False)
