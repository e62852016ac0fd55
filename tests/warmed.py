"""What a process makes once, when it first asks: made before processes are copied, so that no copy makes it again.

Which types the fields of specs have, what tensors of old checkpoints are called in Transformers, templates of pages:
half a second of processor in each copy. The register itself is forgotten: a copy looks for what is installed.
"""

from __future__ import annotations

import os
import sys

from modaxfer.registry import registry

kept = dict(os.environ)
for name in ("MODAXFER_STRICT", "MODAXFER_PLUGINS"):
    os.environ.pop(name, None)
os.environ["LOCAL_RANK"] = "1"  # Of several processes the first says what is not loaded, and this one nothing.
registry()
registry.cache_clear()
os.environ.clear()
os.environ.update(kept)

if "torch" in sys.modules:
    from transformers.conversion_mapping import get_checkpoint_conversion_mapping

    from modaxfer.reports import card, html

    get_checkpoint_conversion_mapping("bert")
    for page in (card, html):
        page._template()
