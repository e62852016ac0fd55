"""The framework's own things keep its contracts, through the same door as a plugin's."""

import pytest

from modaxfer.testing import conformance

test_conformance = conformance("modaxfer", slow=False)
test_slow_conformance = pytest.mark.slow(conformance("modaxfer", slow=True))
