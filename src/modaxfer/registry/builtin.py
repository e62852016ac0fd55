"""What the framework itself brings, through the same hooks as any plugin. Light: standard library and specs only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer.hooks import hookimpl
from modaxfer.registry.builtin_augmentations import AUGMENTATIONS
from modaxfer.registry.builtin_heads import CLASSICAL_HEADS, HEADS
from modaxfer.registry.builtin_metrics import METRICS
from modaxfer.registry.builtin_objectives import OBJECTIVES
from modaxfer.registry.builtin_observers import (  # noqa: F401 - hooks, which are found here
    modaxfer_logged,
    modaxfer_run_end,
    modaxfer_run_error,
    modaxfer_run_start,
)
from modaxfer.registry.builtin_problems import PROBLEMS
from modaxfer.registry.builtin_strategies import STRATEGIES
from modaxfer.registry.builtin_transferability import TRANSFERABILITY
from modaxfer.registry.builtin_validators import VALIDATORS
from modaxfer.spec import (
    AUDIO,
    EMBEDDINGS,
    IMAGE,
    PATCHES,
    TEXT,
    AugmentationSpec,
    BridgeSpec,
    Change,
    CheckpointSpec,
    ClassicalHeadSpec,
    EncoderSpec,
    Field,
    HeadSpec,
    MetricSpec,
    ObjectiveSpec,
    PackageSource,
    ProblemSpec,
    Rates,
    ReportSpec,
    StrategySpec,
    Target,
    TaskSpec,
    TransferabilitySpec,
    ValidatorSpec,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

MODAXFER_API = 0


@hookimpl
def modaxfer_encoders() -> Iterable[EncoderSpec]:
    """Return the encoder families that ship with the framework."""
    return (
        EncoderSpec(
            name="bert",
            target="modaxfer.encoders.text:BertEncoder",
            inputs=(TEXT, EMBEDDINGS),
            model_types=("bert", "roberta", "xlm-roberta", "camembert", "electra"),
            pooling="mean",
            adapter_targets=("query", "key", "value", "dense"),
            rates=Rates(full=1e-4, adapter=1e-3),
            summary="BERT and its kin: bidirectional transformer over word pieces (Devlin et al. 2019).",
        ),
        EncoderSpec(
            name="vit",
            target="modaxfer.encoders.image:ViTEncoder",
            inputs=(IMAGE, PATCHES, EMBEDDINGS),
            model_types=("vit", "dinov2"),
            pooling="cls",
            adapter_targets=("q_proj", "k_proj", "v_proj", "o_proj", "fc1", "fc2", "gate_proj", "up_proj", "down_proj"),
            rates=Rates(full=5e-5, adapter=5e-4),
            summary="Vision transformer over square patches (Dosovitskiy et al. 2021).",
        ),
        EncoderSpec(
            name="wav2vec2",
            target="modaxfer.encoders.audio:Wav2Vec2Encoder",
            inputs=(AUDIO, EMBEDDINGS),
            model_types=("wav2vec2", "hubert"),
            adapter_targets=("q_proj", "k_proj", "v_proj", "out_proj", "intermediate_dense", "output_dense"),
            rates=Rates(full=3e-5, adapter=3e-4),
            summary="wav2vec 2.0 and HuBERT: transformer over raw waveforms (Baevski et al. 2020).",
        ),
        EncoderSpec(
            name="whisper",
            target="modaxfer.encoders.audio:WhisperEncoder",
            inputs=(AUDIO, EMBEDDINGS),
            model_types=("whisper",),
            adapter_targets=("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"),
            rates=Rates(full=1e-4, adapter=1e-3),
            summary="Encoder half of Whisper: transformer over log-mel frames (Radford et al. 2022).",
        ),
        EncoderSpec(
            name="table",
            target="modaxfer.encoders.table:TableEncoder",
            inputs=(EMBEDDINGS,),
            model_types=("modaxfer-table",),
            configuration="modaxfer.encoders.designs:TableConfig",
            pooling="cls",
            adapter_targets=("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"),
            rates=Rates(full=1e-3, adapter=1e-3, head_multiplier=1.0, layer_decay=1.0),
            pretrained=False,
            made_for=("table",),
            summary="FT-Transformer: small transformer over the cells of a row, from scratch (Gorishniy et al. 2021).",
        ),
        EncoderSpec(
            name="lstm",
            target="modaxfer.encoders.lstm:LSTMEncoder",
            inputs=(EMBEDDINGS,),
            model_types=("modaxfer-lstm",),
            configuration="modaxfer.encoders.designs:LSTMConfig",
            rates=Rates(full=1e-3, adapter=1e-3, head_multiplier=1.0, layer_decay=1.0),
            pretrained=False,
            summary="Small bidirectional LSTM over a sequence, from scratch (Hochreiter & Schmidhuber 1997).",
        ),
        EncoderSpec(
            name="cnn",
            target="modaxfer.encoders.cnn:CNNEncoder",
            inputs=(IMAGE,),
            model_types=("modaxfer-cnn",),
            configuration="modaxfer.encoders.designs:CNNConfig",
            adapter_targets=("convolution", "projection"),
            rates=Rates(full=1e-3, adapter=1e-3, head_multiplier=1.0, layer_decay=1.0),
            pretrained=False,
            made_for=("image",),
            summary="Small convolutional network over small pictures, from scratch (LeNet, LeCun et al. 1998).",
        ),
        EncoderSpec(
            name="auto",
            target="modaxfer.encoders.auto:AutoEncoder",
            inputs=(TEXT, IMAGE, AUDIO, EMBEDDINGS),
            summary="Any other architecture that Transformers' AutoModel loads; cut only at its ends.",
        ),
    )


@hookimpl
def modaxfer_checkpoints() -> Iterable[CheckpointSpec]:
    """Return the checkpoints of the built-in encoders, by size: on the hub, or a config alone."""
    return (
        _on_hub("bert", "base", "google-bert/bert-base-uncased", "12 layers, 768 wide; English, lower case."),
        _on_hub("bert", "large", "google-bert/bert-large-uncased", "24 layers, 1024 wide; English, lower case."),
        _on_hub("vit", "base", "google/vit-base-patch16-224-in21k", "12 layers, 768 wide; ImageNet-21k, 224 pixels."),
        _on_hub(
            "vit", "large", "google/vit-large-patch16-224-in21k", "24 layers, 1024 wide; ImageNet-21k, 224 pixels."
        ),
        _on_hub("wav2vec2", "base", "facebook/wav2vec2-base", "12 layers, 768 wide; 960 hours of read English."),
        _on_hub("wav2vec2", "large", "facebook/wav2vec2-large", "24 layers, 1024 wide; 960 hours of read English."),
        _on_hub("whisper", "tiny", "openai/whisper-tiny", "4 layers, 384 wide; 680,000 hours in many languages."),
        _on_hub("whisper", "base", "openai/whisper-base", "6 layers, 512 wide; 680,000 hours in many languages."),
        _on_hub("whisper", "small", "openai/whisper-small", "12 layers, 768 wide; 680,000 hours in many languages."),
        _design("table", "small", "3 layers, 96 wide; random weights."),
        _design("table", "base", "3 layers, 192 wide; random weights."),
        _design("lstm", "small", "2 layers, 128 wide; random weights."),
        _design("lstm", "base", "2 layers, 512 wide; random weights."),
        _design("cnn", "small", "2 convolutions, 256 wide, pictures of 28 pixels; random weights."),
    )


def _on_hub(encoder: str, size: str, hub_id: str, summary: str) -> CheckpointSpec:
    """Return weights of the hub; all of these are under the licence that their model cards state."""
    name = f"{encoder}-{size}"
    return CheckpointSpec(name=name, encoder=encoder, size=size, hub_id=hub_id, licence="Apache-2.0", summary=summary)


def _design(encoder: str, size: str, summary: str) -> CheckpointSpec:
    target = f"modaxfer.encoders.designs:{encoder}_{size}"
    return CheckpointSpec(name=f"{encoder}-{size}", encoder=encoder, size=size, target=target, summary=summary)


@hookimpl
def modaxfer_bridges() -> Iterable[BridgeSpec]:
    """Return the ways from a signal to an encoder's input."""
    return (
        BridgeSpec(
            name="native-text",
            source="text",
            sink="text",
            target="modaxfer.bridges.native:TextBridge",
            summary="A row's text fields, one string each, in the task's order.",
        ),
        BridgeSpec(
            name="native-words",
            source="words",
            sink="text",
            target="modaxfer.bridges.native:WordsBridge",
            summary="The words of a row; the processor says which token is which word's first.",
        ),
        BridgeSpec(
            name="native-image",
            source="image",
            sink="image",
            target="modaxfer.bridges.native:ImageBridge",
            summary="A row's image, decoded to RGB.",
        ),
        BridgeSpec(
            name="native-audio",
            source="audio",
            sink="audio",
            target="modaxfer.bridges.native:AudioBridge",
            summary="A row's sound, decoded to mono at its own rate; the processor resamples.",
        ),
        BridgeSpec(
            name="render",
            source="text",
            sink="patches",
            target="modaxfer.bridges.render:RenderBridge",
            options="modaxfer.bridges.render:RenderOptions",
            summary="Text drawn as a strip of patches (PIXEL, Rust et al. 2023).",
        ),
        BridgeSpec(
            name="render-words",
            source="words",
            sink="patches",
            target="modaxfer.bridges.render_words:RenderWordsBridge",
            options="modaxfer.bridges.render:RenderOptions",
            summary="Words drawn as a strip of patches, each from a patch of its own on (PIXEL, Rust et al. 2023).",
        ),
        BridgeSpec(
            name="spectrogram",
            source="audio",
            sink="image",
            target="modaxfer.bridges.spectrogram:SpectrogramBridge",
            options="modaxfer.bridges.spectrogram:SpectrogramOptions",
            summary="Sound as a log-mel picture: time to the right, pitch upwards.",
        ),
        BridgeSpec(
            name="serialise",
            source="table+text",
            sink="text",
            target="modaxfer.bridges.serialise:SerialiseBridge",
            options="modaxfer.bridges.serialise:SerialiseOptions",
            summary="A table row written out: names, values, units, gaps (TabLLM, Hegselmann et al. 2023).",
        ),
        BridgeSpec(
            name="grid",
            source="table",
            sink="image",
            target="modaxfer.bridges.grid:GridBridge",
            options="modaxfer.bridges.grid:GridOptions",
            summary="A table row as a picture, like columns side by side (IGTD, Zhu et al. 2021).",
        ),
        BridgeSpec(
            name="montage",
            source="audio+image+table+text",
            sink="image",
            target="modaxfer.bridges.montage:MontageBridge",
            options="modaxfer.bridges.montage:MontageOptions",
            summary="All fields side by side in one picture (CLIPPO, Tschannen et al. 2023).",
        ),
        BridgeSpec(
            name="embed",
            source="audio+image+table+text",
            sink="embeddings",
            target="modaxfer.bridges.embed:EmbedBridge",
            options="modaxfer.bridges.embed:EmbedOptions",
            trained=True,
            summary="A trained embedder that feeds the encoder's body (FPT, Lu et al. 2021; ORCA, Shen et al. 2023).",
        ),
    )


@hookimpl
def modaxfer_heads() -> Iterable[HeadSpec]:
    """Return the heads that ship with the framework."""
    return HEADS


@hookimpl
def modaxfer_classical_heads() -> Iterable[ClassicalHeadSpec]:
    """Return the classical heads that ship with the framework."""
    return CLASSICAL_HEADS


@hookimpl
def modaxfer_augmentations() -> Iterable[AugmentationSpec]:
    """Return what may be done to training rows."""
    return AUGMENTATIONS


@hookimpl
def modaxfer_validators() -> Iterable[ValidatorSpec]:
    """Return what can choose the best epoch of a run that adapts."""
    return VALIDATORS


@hookimpl
def modaxfer_transferability() -> Iterable[TransferabilitySpec]:
    """Return what judges an encoder for a task before anything is trained."""
    return TRANSFERABILITY


@hookimpl
def modaxfer_objectives() -> Iterable[ObjectiveSpec]:
    """Return what encoders are pretrained by."""
    return OBJECTIVES


@hookimpl
def modaxfer_strategies() -> Iterable[StrategySpec]:
    """Return the built-in transfer methods."""
    return STRATEGIES


@hookimpl
def modaxfer_tasks() -> Iterable[TaskSpec]:
    """Return tasks whose data installed packages ship."""
    return (
        TaskSpec(
            name="digits",
            fields=(Field(name="image", signal=IMAGE, doc="A handwritten digit, 8 x 8 pixels, grey."),),
            target=Target(column="label", problem="multiclass", classes=tuple("0123456789")),
            sources=(PackageSource(distribution="scikit-learn", target="modaxfer.tasks.bundled:digits"),),
            domain="handwriting",
            licence="CC-BY-4.0",
            summary="Optical recognition of handwritten digits, 8x8 grey (UCI, through scikit-learn).",
            forbid=(Change.MIRROR, Change.TURN),
        ),
        TaskSpec(
            name="breast-cancer",
            fields=(),
            target=Target(column="label", problem="binary", classes=("benign", "malignant")),
            sources=(PackageSource(distribution="scikit-learn", target="modaxfer.tasks.bundled:breast_cancer"),),
            domain="medicine",
            licence="CC-BY-4.0",
            summary="Wisconsin diagnostic breast cancer, 30 measurements of cell nuclei (UCI, through scikit-learn).",
        ),
        TaskSpec(
            name="diabetes",
            fields=(),
            target=Target(column="progression", problem="regression"),
            sources=(PackageSource(distribution="scikit-learn", target="modaxfer.tasks.bundled:diabetes"),),
            domain="medicine",
            licence="none stated",
            summary="Diabetes progression after a year from 10 measurements (Efron et al. 2004, through scikit-learn).",
        ),
    )


@hookimpl
def modaxfer_problems() -> Iterable[ProblemSpec]:
    """Return the kinds of targets that ship with the framework."""
    return PROBLEMS


@hookimpl
def modaxfer_metrics() -> Iterable[MetricSpec]:
    """Return the scores, named as scikit-learn's scorers."""
    return METRICS


@hookimpl
def modaxfer_reports() -> Iterable[ReportSpec]:
    """Return the renderings that every run gets."""
    return (
        ReportSpec(name="html", target="modaxfer.reports.html:write", summary="report.html: scores, figures, data."),
        ReportSpec(name="card", target="modaxfer.reports.card:write", summary="README.md: the model card."),
        ReportSpec(
            name="figures", target="modaxfer.reports.figures:write", summary="figures/*.png, with the extra 'plots'."
        ),
    )


@hookimpl(trylast=True)
def modaxfer_pick_bridge(source: str, sink: str) -> str | None:
    """Choose the built-in default where no plugin has a say."""
    if (source, sink) in _DEFAULT_BRIDGES:
        return _DEFAULT_BRIDGES[source, sink]
    kinds = set(source.split("+"))
    return next((bridge for bridge, end, takes in _WIDE_BRIDGES if end == sink and kinds <= takes), None)


_DEFAULT_BRIDGES = {
    ("text", "text"): "modaxfer/native-text",
    ("image", "image"): "modaxfer/native-image",
    ("audio", "audio"): "modaxfer/native-audio",
    ("text", "patches"): "modaxfer/render",
    ("audio", "image"): "modaxfer/spectrogram",
    ("table", "image"): "modaxfer/grid",
}
"""For fields of one kind, of which images and sounds come one to a row."""

_WIDE_BRIDGES = (
    ("modaxfer/montage", "image", {"audio", "image", "table", "text"}),
    ("modaxfer/serialise", "text", {"table", "text"}),
    ("modaxfer/embed", "embeddings", {"audio", "image", "table", "text"}),
)
"""For everything else: bridge, where it ends, and the kinds that it takes any mix of."""
