"""Fine-tune a checkpoint with a plain Transformers Trainer: the thing that modaxfer is measured against.

Knows nothing of modaxfer. Reads ``train.parquet`` and ``test.parquet`` of one folder and prints one line of JSON with
the seconds spent in `Trainer.train` and the test scores. Two variants:

- ``defaults``: `TrainingArguments` as they come; every text padded to 128 tokens, fp32;
- ``tuned``: bfloat16 where the processor multiplies it, texts padded to the longest of their batch, batches of similar
  length, nothing logged or saved.
"""

from __future__ import annotations

import argparse
import io
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
import torch
from datasets import Dataset
from PIL import Image
from sklearn.metrics import accuracy_score, f1_score
from transformers import (
    AutoFeatureExtractor,
    AutoImageProcessor,
    AutoModelForAudioClassification,
    AutoModelForImageClassification,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
)

MODELS = {
    "text": AutoModelForSequenceClassification,
    "image": AutoModelForImageClassification,
    "audio": AutoModelForAudioClassification,
}
PROCESSORS = {"text": AutoTokenizer, "image": AutoImageProcessor, "audio": AutoFeatureExtractor}

MAX_TOKENS = 128
HEAD_RATE = 5e-3
"""Learning rate of a linear head on a frozen body; the Trainer's own 5e-5 would hardly move it in ten epochs."""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with train.parquet and test.parquet")
    parser.add_argument(
        "--fields", nargs="+", required=True, help="one or two text columns, or one of images or sounds"
    )
    parser.add_argument("--kind", choices=tuple(MODELS), default="text")
    parser.add_argument("--label", default="label")
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--variant", choices=("defaults", "tuned"), required=True)
    parser.add_argument("--frozen", action="store_true", help="train the classifier only")
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, help="default: the Trainer's own, 5e-5")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, required=True)
    return parser.parse_args(arguments)


def training_arguments(options: argparse.Namespace) -> TrainingArguments:
    """Return the Trainer's own defaults, or the settings that make it fast."""
    rate = options.learning_rate or (HEAD_RATE if options.frozen else None)
    common: dict[str, Any] = {
        "output_dir": str(options.output),
        "num_train_epochs": options.epochs,
        "per_device_train_batch_size": options.batch_size,
        "per_device_eval_batch_size": options.batch_size,
        "seed": options.seed,
        "report_to": "none",
        "disable_tqdm": True,
        "use_cpu": not torch.cuda.is_available(),
    } | ({"learning_rate": rate} if rate else {})
    if options.variant == "defaults":
        return TrainingArguments(**common)
    lengths = {} if options.kind == "image" else {"train_sampling_strategy": "group_by_length"}
    return TrainingArguments(**common, **lengths, bf16=multiplies_bf16(), logging_strategy="no", save_strategy="no")


def multiplies_bf16() -> bool:
    """Return whether the processor has instructions for bfloat16; without them it is many times slower than fp32."""
    return torch.cuda.is_available() or torch.ops.mkldnn._is_mkldnn_bf16_supported()


def prepared(path: Path, processor: Any, options: argparse.Namespace, classes: list[str]) -> Dataset:
    """Return the rows of one split as what the model takes, and class numbers."""
    read = {"text": _texts, "image": _images, "audio": _sounds}[options.kind]

    def encode(rows: dict[str, list[Any]]) -> dict[str, Any]:
        columns = [rows[name] for name in options.fields]
        return {**read(columns, processor, options), "labels": [classes.index(label) for label in rows[options.label]]}

    rows = Dataset.from_parquet(str(path), keep_in_memory=True)
    return rows.map(encode, batched=True, batch_size=100, remove_columns=rows.column_names, keep_in_memory=True)


def _texts(columns: list[list[str]], processor: Any, options: argparse.Namespace) -> dict[str, Any]:
    padding = "max_length" if options.variant == "defaults" else False
    return dict(processor(*columns, truncation=True, max_length=MAX_TOKENS, padding=padding))


def _images(columns: list[list[Any]], processor: Any, options: argparse.Namespace) -> dict[str, Any]:
    pictures = [Image.open(io.BytesIO(each["bytes"])).convert("RGB") for each in columns[0]]
    return {"pixel_values": processor(pictures, return_tensors="np")["pixel_values"]}


def _sounds(columns: list[list[Any]], processor: Any, options: argparse.Namespace) -> dict[str, Any]:
    waves = [_wave(each["bytes"], processor.sampling_rate) for each in columns[0]]
    return dict(processor(waves, sampling_rate=processor.sampling_rate))


def _wave(file: bytes, rate: int) -> np.ndarray:
    """Return one channel at `rate`."""
    wave, own = soundfile.read(io.BytesIO(file), dtype="float32", always_2d=True)
    mono = wave.mean(1)
    return mono if own == rate else soxr.resample(mono, own, rate)


def main() -> None:
    """Train, predict the test split, print one line of JSON."""
    options = parse()
    train_file = options.data / "train.parquet"
    classes = sorted(set(Dataset.from_parquet(str(train_file), keep_in_memory=True)[options.label]))
    processor = PROCESSORS[options.kind].from_pretrained(options.checkpoint)
    model = MODELS[options.kind].from_pretrained(options.checkpoint, num_labels=len(classes))
    if options.frozen:
        model.base_model.requires_grad_(False)
    train, test = (
        prepared(options.data / name, processor, options, classes) for name in ("train.parquet", "test.parquet")
    )
    trainer = Trainer(
        model=model,
        args=training_arguments(options),
        train_dataset=train,
        processing_class=processor,
        data_collator=None if options.kind == "image" else DataCollatorWithPadding(processor),
    )
    start = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - start
    # Grouped by length, the Trainer predicts in an order of its own: read the labels that come back with the scores.
    output = trainer.predict(test)
    predicted = output.predictions.argmax(-1)
    scores = {
        "accuracy": accuracy_score(output.label_ids, predicted),
        "f1_macro": f1_score(output.label_ids, predicted, average="macro"),
    }
    print(json.dumps({"train_s": seconds, "train_rows": len(train), "test_rows": len(test), **scores}))


if __name__ == "__main__":
    main()
