"""The plugin sound keeps the contracts of modaxfer."""

from modaxfer.testing import conformance

test_conformance = conformance("sound", slow=False)
