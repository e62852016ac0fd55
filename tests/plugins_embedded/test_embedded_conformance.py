"""The plugin embedded keeps the contracts of modaxfer."""

from modaxfer.testing import conformance

test_conformance = conformance("embedded", slow=False)
