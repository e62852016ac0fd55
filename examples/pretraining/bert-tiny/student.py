"""Write what a small text encoder begins with: a vocabulary of its own, and its teacher's word vectors in few numbers.

Each entry of the vocabulary is shown to the teacher by itself; principal components of what it says (as Model2Vec has
them, Tulkens & van Dongen 2024) are the student's embeddings. Its layers are drawn at random.

    python student.py TEACHER TEXT-FILE FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from tokenizers import BertWordPieceTokenizer
from transformers import BertConfig, BertModel, BertTokenizerFast

from modaxfer.config import EncoderOptions
from modaxfer.contracts import pool
from modaxfer.encoders import load_encoder, resolve

VOCABULARY, WIDTH, LAYERS, POSITIONS = 20_000, 192, 4, 512
LOUDNESS = 0.05
"""Standard deviation of embeddings."""

BATCH = 512


def tokenizer_of(texts: Path) -> Any:
    """Return a WordPiece tokenizer of words as they are common in a file."""
    learned = BertWordPieceTokenizer(lowercase=True)
    learned.train([str(texts)], vocab_size=VOCABULARY, min_frequency=2, show_progress=False)
    # In the order of their numbers: another order would be another tokenizer.
    entries = sorted(learned.get_vocab().items(), key=lambda entry: entry[1])
    return BertTokenizerFast(vocab=dict(entries), model_max_length=POSITIONS)


@torch.no_grad()
def said_of(teacher: str, entries: list[str]) -> torch.Tensor:
    """Return the teacher's mean vector of each entry, float32 ``[entries, width]``."""
    encoder: Any = load_encoder(resolve(teacher), options=EncoderOptions())
    processor = encoder.processor("text")
    texts = [(entry.removeprefix("##"),) for entry in entries]
    found = []
    for start in range(0, len(texts), BATCH):
        batch = processor.collate(list(processor(texts[start : start + BATCH])))
        found.append(pool(encoder.finish(encoder.run(encoder.embed(batch), 0, encoder.depth)), "mean"))
    return torch.cat(found)


def components(vectors: torch.Tensor, width: int) -> torch.Tensor:
    """Return the first principal components, ``[entries, width]``, at one loudness over all."""
    centred = vectors - vectors.mean(0)
    # In rising order of variance.
    _, axes = torch.linalg.eigh(centred.T @ centred)
    made = centred @ axes[:, -width:].flip(1)
    return LOUDNESS * made / made.std()


def main(teacher: str, texts: Path, folder: Path) -> None:
    """Write config, tokenizer and weights into `folder`."""
    torch.manual_seed(0)
    tokenizer = tokenizer_of(texts)
    entries = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    config = BertConfig(
        vocab_size=len(entries), hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=WIDTH // 64,
        intermediate_size=4 * WIDTH, max_position_embeddings=POSITIONS, pad_token_id=tokenizer.pad_token_id,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    model = BertModel(config)
    made = components(said_of(teacher, entries), WIDTH)
    with torch.no_grad():
        model.embeddings.word_embeddings.weight[:, : made.shape[1]] = made
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    print(f"{len(entries):,} entries, {sum(each.numel() for each in model.parameters()) / 1e6:.2f} M parameters")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
