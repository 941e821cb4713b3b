"""Masked language modelling (Devlin et al. 2019) on all the training text at hand."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..core.distributed import Process
from ..core.loop import Schedule, fit
from .batches import TextBatch, TextBatches
from .encoder import Encoder
from .learning import masked_inputs, plain


class LanguageModel(nn.Module):
    """An encoder with a prediction head whose output matrix is the table of piece vectors."""

    def __init__(self, encoder: Encoder):
        super().__init__()
        hidden = encoder.config.hidden
        self.encoder = encoder
        self.head = nn.Sequential(nn.Linear(hidden, hidden), nn.GELU(), nn.LayerNorm(hidden))
        self.bias = nn.Parameter(torch.zeros(encoder.config.vocab_size))

    def forward(self, input_ids: Tensor, attention_mask: Tensor, chosen: Tensor) -> Tensor:
        """Logits [chosen tokens, vocabulary]."""
        _, states = self.encoder(input_ids, attention_mask)
        return self.head(states[-1][chosen]) @ self.encoder.tokens.pieces.weight.T + self.bias


def pretrain(
    encoder: Encoder, ids: list[list[int]], schedule: Schedule, size: int, process: Process, seed: int, checkpoint
) -> LanguageModel:
    """Trains `encoder` in place and returns it with its language-model head."""
    model = LanguageModel(encoder)

    def loss(wrapped: nn.Module, batch: TextBatch) -> Tensor:
        inputs, chosen = masked_inputs(batch.input_ids)
        if not chosen.any():
            chosen = batch.input_ids > 0
        return F.cross_entropy(wrapped(inputs, batch.attention_mask, chosen).float(), batch.input_ids[chosen])

    fit(model, loss, TextBatches(plain(ids), size, process, seed), schedule, process, checkpoint)
    return model
