"""The plugin medical keeps the contracts of modaxfer."""

from modaxfer.testing import conformance

test_conformance = conformance("medical", slow=False)
