"""What flows between the rooms, and what each room promises. Heavy libraries appear in annotations only.

Shapes are written ``[batch, tokens, hidden]``. A mask is boolean; True marks a real token, False padding.
"""

from modaxfer.contracts.bridges import AlignedBridge, Alignment, Bridge, ExaminingBridge, FittedBridge, TrainedBridge
from modaxfer.contracts.model import Encoder, Features, Head, Hidden, Readout, pool
from modaxfer.contracts.rows import (
    WINDOWS,
    Batch,
    CountingProcessor,
    Example,
    InputLayout,
    PatchStrip,
    Processor,
    Row,
    Sound,
    TaskData,
)
from modaxfer.contracts.training import (
    Chosen,
    Combiner,
    Ends,
    Kept,
    Loss,
    LossContext,
    LossOutput,
    Seen,
    Step,
    StreamBatch,
    StreamFacts,
    Validator,
    WeighingLoss,
    Weights,
)

__all__ = [
    "WINDOWS",
    "AlignedBridge",
    "Alignment",
    "Batch",
    "Bridge",
    "Chosen",
    "Combiner",
    "CountingProcessor",
    "Encoder",
    "Ends",
    "ExaminingBridge",
    "Example",
    "Features",
    "FittedBridge",
    "Head",
    "Hidden",
    "InputLayout",
    "Kept",
    "Loss",
    "LossContext",
    "LossOutput",
    "PatchStrip",
    "Processor",
    "Readout",
    "Row",
    "Seen",
    "Sound",
    "Step",
    "StreamBatch",
    "StreamFacts",
    "TaskData",
    "TrainedBridge",
    "Validator",
    "WeighingLoss",
    "Weights",
    "pool",
]
