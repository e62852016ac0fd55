"""The standard checks by level and kind; `modaxfer.testing.standard` names their modules."""
