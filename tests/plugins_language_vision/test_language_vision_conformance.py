"""The plugin keeps the contracts of modaxfer."""

from modaxfer.testing import ExpectedFailure, conformance

SAME_SENTENCES = ExpectedFailure(
    check="task-no-row-is-in-two-splits",
    of="language-vision/nlvr-sentence",
    reason="its rows are those of nlvr without the picture, and one sentence is said of pictures in several splits",
    expires="1.0",
)

test_conformance = conformance("language-vision", slow=False, expected=(SAME_SENTENCES,))
