"""What encoders are pretrained by. Light: specs only."""

from __future__ import annotations

from modaxfer.spec import ObjectiveSpec

__all__ = ["OBJECTIVES"]

_ROOM = "modaxfer.pretraining.objectives."

OBJECTIVES = (
    ObjectiveSpec(
        name="distillation",
        target=_ROOM + "distillation:Distillation",
        options=_ROOM + "distillation:DistillationOptions",
        teacher=True,
        summary="Says of a row, and of each of its words, what a teacher says of it, in any modality.",
    ),
    ObjectiveSpec(
        name="masked-language",
        target=_ROOM + "masked_language:MaskedLanguage",
        options=_ROOM + "masked_language:MaskedLanguageOptions",
        inputs=("text",),
        summary="Masked language modelling: hidden tokens are guessed from the others (BERT, Devlin et al. 2019).",
    ),
    ObjectiveSpec(
        name="masked-image",
        target=_ROOM + "masked_image:MaskedImage",
        options=_ROOM + "masked_image:MaskedImageOptions",
        inputs=("patches", "image"),
        summary="Masked autoencoder: the encoder sees few patches, a small decoder draws the rest (He et al. 2022).",
    ),
    ObjectiveSpec(
        name="masked-units",
        target=_ROOM + "masked_units:MaskedUnits",
        options=_ROOM + "masked_units:MaskedUnitsOptions",
        inputs=("audio",),
        summary="Clusters of spectra are guessed for hidden stretches of a sound (HuBERT, Hsu et al. 2021).",
    ),
    ObjectiveSpec(
        name="wav2vec2-contrastive",
        target=_ROOM + "wav2vec2_contrastive:Contrastive",
        options=_ROOM + "wav2vec2_contrastive:ContrastiveOptions",
        inputs=("audio",),
        model_types=("wav2vec2",),
        summary="Which quantised frame stands in a hidden place of a sound (wav2vec 2.0, Baevski et al. 2020).",
    ),
    ObjectiveSpec(
        name="image-text",
        target=_ROOM + "image_text:ImageText",
        options=_ROOM + "image_text:ImageTextOptions",
        inputs=("image",),
        teacher=True,
        beside="text",
        summary="Which text of a batch belongs to an image; a teacher reads the texts (CLIP, Radford et al. 2021).",
    ),
    ObjectiveSpec(
        name="supervised",
        target=_ROOM + "supervised:Supervised",
        options=_ROOM + "supervised:SupervisedOptions",
        labels=True,
        summary="Labels of one or several source tasks, by a linear head each, which is thrown away.",
    ),
)
