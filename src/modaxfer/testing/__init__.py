"""The conformance kit: standard checks of what a plugin brings, the framework's own things included.

``modaxfer plugins check NAMESPACE`` makes them on the command line; in a plugin's tests two lines do::

    from modaxfer.testing import conformance

    test_conformance = conformance("sound")

Light: pytest is imported by `conformance` alone, torch where a level is checked that needs it.
"""

from modaxfer.testing.check import (
    EVERY_KIND,
    PLUGIN,
    Check,
    CheckFailedError,
    CheckSkippedError,
    Level,
    check,
    fail,
    skip,
)
from modaxfer.testing.engine import check_plugin
from modaxfer.testing.expected import ExpectedFailure
from modaxfer.testing.outcome import Conformance, Outcome, Status
from modaxfer.testing.pytest_face import conformance
from modaxfer.testing.shown import as_json, as_text
from modaxfer.testing.standard import STANDARD, standard_checks
from modaxfer.testing.subject import Subject

__all__ = [
    "EVERY_KIND",
    "PLUGIN",
    "STANDARD",
    "Check",
    "CheckFailedError",
    "CheckSkippedError",
    "Conformance",
    "ExpectedFailure",
    "Level",
    "Outcome",
    "Status",
    "Subject",
    "as_json",
    "as_text",
    "check",
    "check_plugin",
    "conformance",
    "fail",
    "skip",
    "standard_checks",
]
