"""BERT and its kin: bidirectional transformers over word pieces."""

from __future__ import annotations

from typing import Any, ClassVar

from modaxfer.config import EncoderOptions
from modaxfer.contracts import Batch, Hidden, InputLayout, Origin, Processor
from modaxfer.encoders.body import LayeredEncoder
from modaxfer.encoders.lengths import MOST_TOKENS
from modaxfer.encoders.positions import stretched
from modaxfer.encoders.processors.text import TextProcessor, read_tokenizer
from modaxfer.errors import RefusedError

__all__ = ["BertEncoder", "text_layout", "text_processor"]


class BertEncoder(LayeredEncoder):
    """BERT, RoBERTa, XLM-R, CamemBERT, ELECTRA (Devlin et al. 2019 and after), without pooler.

    A batch holds ``input_ids`` int64 ``[batch, tokens]``, ``mask`` bool ``[batch, tokens]`` and, for models trained
    with them, ``token_type_ids``. Of embedded content, an ELECTRA whose embeddings are narrower than its states takes
    the first `embedding_size` numbers of each token.
    """

    front: ClassVar[tuple[str, ...]] = ("embeddings.word_embeddings",)

    def __init__(self, model: Any, origin: Origin) -> None:
        super().__init__(model.config, origin)
        self.embeddings = model.embeddings
        self.project = getattr(model, "embeddings_project", None)
        self.layers = model.encoder.layer
        self.norm = None

    @classmethod
    def layout(cls, config: Any, kind: str, options: EncoderOptions) -> InputLayout:
        """Say how many tokens it holds; for embeddings, its position table is stretched where more are asked for.

        Raises:
            RefusedError: It takes no such kind, or `options` ask for more text than the position table holds.
        """
        if kind != "embeddings":
            return text_layout(config, kind, options)
        if getattr(config, "embedding_size", config.hidden_size) > config.hidden_size:
            raise RefusedError(
                f"a {config.model_type} encoder with embeddings wider than its states cannot be entered behind them",
                got=f"{config.embedding_size} numbers per embedding, {config.hidden_size} per state",
                fix="choose another encoder, or give it text",
            )
        table = config.max_position_embeddings - _first_position(config)
        return InputLayout(kind=kind, max_tokens=options.max_tokens or min(table, MOST_TOKENS))

    def processor(self, kind: str) -> Processor:
        """Return the tokenizer, for `kind` text.

        Raises:
            RefusedError: `kind` is not text.
        """
        return text_processor(self, text_layout(self.config, kind, self.origin.options))

    def embed_inputs(self, batch: Batch) -> Hidden:
        """Sum word, position and type embeddings: ``[batch, tokens, hidden]``."""
        # A tokenizer may tell pairs apart where the model, trained with one type only, does not.
        types = batch.get("token_type_ids") if self.config.type_vocab_size > 1 else None
        tokens = self.embeddings(input_ids=batch["input_ids"], token_type_ids=types)
        return Hidden(tokens if self.project is None else self.project(tokens), batch["mask"])

    def embed_tokens(self, hidden: Hidden) -> Hidden:
        """Add position and first type embeddings, and normalise: ``[batch, tokens, hidden]``."""
        types = self.embeddings.token_type_embeddings.weight
        table = self.embeddings.position_embeddings.weight[_first_position(self.config) :]
        positions = stretched(table, self.origin.options.max_tokens)[: hidden.tokens.shape[1]]
        tokens = hidden.tokens[..., : types.shape[1]] + positions + types[0]
        tokens = self.embeddings.dropout(self.embeddings.LayerNorm(tokens))
        return Hidden(tokens if self.project is None else self.project(tokens), hidden.mask)


def _first_position(config: Any) -> int:
    """Return the row of the first token: fairseq's models count from the padding index + 1."""
    return config.pad_token_id + 1 if config.model_type in ("roberta", "xlm-roberta", "camembert") else 0


def text_layout(config: Any, kind: str, options: EncoderOptions) -> InputLayout:
    """Return the layout of a text model: what its position table holds, at most 512 unless `options` asks for more.

    Raises:
        RefusedError: `kind` is not text, or `options` asks for more tokens than the table holds.
    """
    if kind != "text":
        raise RefusedError(
            f"a {config.model_type} encoder takes text", got=kind, fix="choose a bridge that ends in text"
        )
    table = (getattr(config, "max_position_embeddings", None) or 10**6) - _first_position(config)
    if options.max_tokens is not None and options.max_tokens > table:
        raise RefusedError(
            "encoder.max_tokens is more than the position table holds", got=options.max_tokens, allowed=f"4 to {table}"
        )
    return InputLayout(kind="text", max_tokens=options.max_tokens or min(table, MOST_TOKENS))


def text_processor(encoder: LayeredEncoder, layout: InputLayout) -> TextProcessor:
    """Return the preparation of texts by the tokenizer in the encoder's folder, as its user asked for.

    Args:
        encoder: Its `origin` says where the tokenizer is and what becomes of long texts.
        layout: What `text_layout` says: tokens of a text, special ones included; no more than the tokenizer allows.

    Raises:
        CheckpointUnavailableError: The encoder has no folder, or there is no tokenizer in it.
        RefusedError: The tokenizer needs code of its own, and that is not allowed.
    """
    options = encoder.origin.options
    tokenizer = read_tokenizer(encoder.source_folder(), trust_remote_code=encoder.origin.trust_remote_code)
    longest = min(layout.max_tokens, tokenizer.model_max_length)
    return TextProcessor(tokenizer, longest, options.long, options.windows)
