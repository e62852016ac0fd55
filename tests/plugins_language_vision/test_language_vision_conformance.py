"""The plugin keeps the contracts of modaxfer."""

from modaxfer.testing import conformance

test_conformance = conformance("language-vision", slow=False)
