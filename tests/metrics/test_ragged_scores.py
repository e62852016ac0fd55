"""Scores in files are as long as they are precise."""

from __future__ import annotations

import numpy as np

from modaxfer.metrics.ragged_scores import as_written


def test_scores_of_single_precision_are_written_as_short_as_that_needs():
    scores = np.array([0.3, 1e-8, 1 / 3, 1.0, np.nan], np.float32)
    written = as_written(scores)
    assert [str(value) for value in written.tolist()] == ["0.3", "1e-08", "0.33333334", "1.0", "nan"]
    assert np.array_equal(written.astype(np.float32), scores, equal_nan=True)
    double = np.array([1 / 3])
    assert as_written(double).tolist() == double.tolist()
