"""Train on handwritten digits, read the result, predict: offline, in about a minute.

The pixels come with scikit-learn, the weights with a pip package (see docs/how-to/offline-weights.md).
"""

from __future__ import annotations

import argparse
import io

from PIL import Image
from sklearn.datasets import load_digits

import modaxfer


def main() -> None:
    """Run the example."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", default="vit")
    parser.add_argument("--strategy", default="lora")
    parser.add_argument("--limit", type=int, default=400, help="training rows")
    parser.add_argument("--output", help="folder of the run; made from the names where not given")
    options = parser.parse_args()

    run = modaxfer.train(
        encoder=options.encoder,
        strategy=options.strategy,
        task="digits",
        limit=options.limit,
        output=options.output,
    )

    result = run.result
    low, high = result.intervals[result.primary]
    print(f"test {result.primary} {result.metrics['test'][result.primary]:.3f}, 95 % interval {low:.3f} to {high:.3f}")
    for name, scores in result.baselines.items():
        print(f"     {name} {scores[result.primary]:.3f}")

    print("the first digit, a zero, is read as", run.predict({"image": digit()})[0]["prediction"])
    print("report:", run.folder / "report.html")


def digit() -> bytes:
    """Return the first digit of scikit-learn's set as a PNG file in memory; a path would do as well."""
    grey = load_digits().images[0] * 255 / 16
    buffer = io.BytesIO()
    Image.fromarray(grey.astype("uint8")).save(buffer, format="PNG")
    return buffer.getvalue()


if __name__ == "__main__":
    main()
