"""The plugin questions keeps the contracts of modaxfer."""

from modaxfer.testing import conformance

test_conformance = conformance("questions", slow=False)
