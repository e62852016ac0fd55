"""Carry a model from slices of one head in CT to slices of another in MRI, which nobody has labelled. A demonstration.

There is one head of each kind, so neighbouring slices of one head are in training and test: what is printed shows how
the steps fit together, and is no score of anything. A slice's label is which fifth of its own head it lies in, from
the base to the crown; the two heads are not aligned. When this was written `shot` did not help: it started from a model
that was right on a third of the MRI's slices, and it lives off one that is right more often than not.

Both come out of packages, and nothing of them is kept here:

    apt-get install invesalius-examples              (a head in CT, 19 MB, GPL-2)
    pip install nilearn 'modaxfer-medical[scans]'    (the MNI152 template, the mean of 152 brains in T1, 12 MB)

The CT is seen through the window for brains of modaxfer-medical, which also reads the template.
"""

from __future__ import annotations

import argparse
import tarfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
from PIL import Image

import modaxfer
from modaxfer_medical.nifti import read_nifti
from modaxfer_medical.windows import PRESETS

CT = Path("/usr/share/doc/invesalius-examples/examples/Cranium.inv3")
TEMPLATE = "nilearn/datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
LEVELS = ("1-base", "2-low", "3-middle", "4-high", "5-crown")
SKULL = slice(27, 106)
"""Slices of the CT, from below, that show the inside of the skull."""
SIDE = 64


def main() -> None:
    """Run the example."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ct", type=Path, default=CT, help="Cranium.inv3 of the package invesalius-examples")
    parser.add_argument("--output", type=Path, default=Path("runs/heads"), help="where slices and runs go")
    parser.add_argument("--epochs", type=float, default=10.0)
    options = parser.parse_args()
    template = nilearn_file()
    if not options.ct.is_file():
        print(f"skipped: {options.ct} is not there. Fix: apt-get install invesalius-examples, or --ct PATH")
        return
    if template is None:
        print("skipped: the package nilearn is not installed. Fix: pip install nilearn")
        return
    write_slices(PRESETS["brain"].shown(read_ct(options.ct)[SKULL]), options.output / "ct")
    brain = read_nifti(template).shown()
    write_slices(brain[[piece.mean() > 0.03 * brain.max() for piece in brain]], options.output / "mri")

    common = {"epochs": options.epochs, "batch_size": 16, "precision": "fp32"}
    # Left and right look alike, and heads are not held alike.
    changed = {"augment": ("rotate=15", "scale=0.2"), "set": {"encoder.image_size": SIDE, "train.label_smoothing": 0.1}}
    source = modaxfer.train(
        encoder="cnn", strategy="full", data=str(options.output / "ct"), output=str(options.output / "learned"),
        **common, **changed,
    )  # fmt: skip
    carried = modaxfer.train(
        encoder=str(source.folder), strategy="shot", data=str(options.output / "mri"),
        output=str(options.output / "carried"), **common,
    )  # fmt: skip
    before = carried.result.baselines["source_only"]["accuracy"]
    print(f"one head in CT, on its own slices: accuracy {source.result.metrics['test']['accuracy']:.2f}")
    print(
        f"on slices of an MRI template: {before:.2f} as it is, {carried.result.metrics['test']['accuracy']:.2f} by shot"
    )
    print("one head each: a demonstration, never a score")


def nilearn_file() -> Path | None:
    """Return the template, without importing nilearn; None where it is not installed."""
    try:
        return Path(str(distribution("nilearn").locate_file(TEMPLATE)))
    except PackageNotFoundError:
        return None


def read_ct(path: Path) -> np.ndarray:
    """Return the head in Hounsfield units, ``[slices, rows, columns]`` from below, face up."""
    with tarfile.open(path) as archive:
        (member,) = (one for one in archive.getmembers() if one.name.endswith("/matrix.dat"))
        file = archive.extractfile(member)
        values = np.frombuffer(file.read() if file else b"", np.int16).reshape(-1, 256, 256)
    return values[:, ::-1]


def write_slices(head: np.ndarray, folder: Path) -> None:
    """Write each slice of a head, shades of grey, made square, into the folder of its fifth."""
    for number, values in enumerate(head):
        place = folder / LEVELS[len(LEVELS) * number // len(head)]
        place.mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(square(values))
        picture.resize((SIDE, SIDE)).save(place / f"{number:03}.png")


def square(values: np.ndarray) -> np.ndarray:
    """Return a slice with a black border that makes it square."""
    rows, columns = values.shape
    side = max(rows, columns)
    top, left = (side - rows) // 2, (side - columns) // 2
    return np.pad(values, ((top, side - rows - top), (left, side - columns - left)))


if __name__ == "__main__":
    main()
