"""The plugin finance keeps the contracts of modaxfer."""

from modaxfer.testing import conformance

test_conformance = conformance("finance", slow=False)
