"""A fresh environment: of its own, with the framework and what that needs in sight, without a network."""

from __future__ import annotations

import os
import sys
import venv
from pathlib import Path

__all__ = ["OFFLINE", "fresh_environment"]

OFFLINE = ("--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--no-cache-dir")
"""What pip is told, so that it asks nobody and builds with what is there."""

SCRIPTS = {
    "modaxfer": "from modaxfer.cli.main import run\nrun()\n",
    "pip": "import sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n",
}
"""What pip would have put there, had it been asked to install modaxfer and itself."""


def fresh_environment(folder: Path, *, plugins: str) -> dict[str, str]:
    """Make a virtual environment in `folder` and return the variables of a shell that has it activated.

    Args:
        folder: New.
        plugins: Namespaces that are to be seen, with commas between: those of others are there as well, where all that
            the framework needs is.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    seen = [path for path in sys.path if Path(path).is_dir() and not path.startswith(sys.base_prefix)]
    (site / "what-modaxfer-needs.pth").write_text("".join(f"{path}\n" for path in seen), encoding="utf-8")
    for name, code in SCRIPTS.items():
        script = folder / "bin" / name
        script.write_text(f"#!{folder}/bin/python\n{code}", encoding="utf-8")
        script.chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MODAXFER_", "PIP_", "PYTHON"))}
    return kept | {
        "PATH": os.pathsep.join([str(folder / "bin"), os.environ["PATH"]]),
        "MODAXFER_PLUGINS": plugins,
        "MODAXFER_STRICT": "1",
        "MODAXFER_CACHE": str(folder / "cache"),
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
        # A switch that is off: pip reads this variable as what it decides, and not as its name.
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_CACHE_DIR": "1",
    }
