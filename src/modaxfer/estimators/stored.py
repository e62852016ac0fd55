"""A fitted estimator's run in a folder of its own, and as bytes where it is pickled: files, no live tensors."""

from __future__ import annotations

import io
import shutil
import tempfile
import weakref
import zipfile
from pathlib import Path

__all__ = ["Home"]

LEFT_OUT = ("checkpoints", "data", "figures")
"""Folders of a run that nothing is predicted with."""


class Home:
    """A temporary folder that goes with the object; it is pickled as the files in it.

    Args:
        packed: Files of a run, as `pack` returned them; None = an empty folder.
    """

    def __init__(self, packed: bytes | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="modaxfer-estimator-"))
        self._gone = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        if packed is not None:
            with zipfile.ZipFile(io.BytesIO(packed)) as archive:
                archive.extractall(self.run)

    @property
    def run(self) -> Path:
        """Folder of the run."""
        return self.folder / "run"

    def __getstate__(self) -> dict[str, bytes]:
        """Return the files of the run."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(self.run.rglob("*")):
                name = path.relative_to(self.run)
                if path.is_file() and name.parts[0] not in LEFT_OUT:
                    # Without the time of writing: equal runs are equal bytes.
                    archive.writestr(zipfile.ZipInfo(name.as_posix()), path.read_bytes(), zipfile.ZIP_DEFLATED)
        return {"packed": packed.getvalue()}

    def __setstate__(self, state: dict[str, bytes]) -> None:
        """Unpack the files into a folder of its own."""
        self.__init__(state["packed"])  # type: ignore[misc]
