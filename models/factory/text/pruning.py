"""Structured pruning: whole attention heads and feed-forward columns, so that what is left is a smaller dense model."""

import numpy as np
import torch
from torch import Tensor, nn

from ..core.distributed import Process
from .batches import TextBatches
from .encoder import Encoder, EncoderConfig
from .learning import plain


def importance(
    model: Encoder, ids: list[list[int]], soft: Tensor, process: Process, seed: int, size: int = 128
) -> tuple[list[Tensor], list[Tensor]]:
    """First-order importance of every head and every feed-forward column, per layer.

    The mean of |activation x gradient| summed over a unit (Michel et al. 2019; Molchanov et al. 2017): how much the loss
    would change, to first order, were the unit's output zero.
    """
    model.to(process.device).eval()
    kept: dict[str, Tensor] = {}
    hooks = []
    for index, layer in enumerate(model.layers):
        for name, module in (("heads", layer.output), ("ffn", layer.down)):
            hooks.append(module.register_forward_pre_hook(_keeper(kept, f"{name}.{index}")))
    heads = [torch.zeros(layer.heads) for layer in model.layers]
    columns = [torch.zeros(layer.down.in_features) for layer in model.layers]
    for batch in TextBatches(plain(ids), size, process, seed).epoch(0):
        logits, _ = model(batch.input_ids, batch.attention_mask)
        target = soft[batch.rows.cpu()].to(logits.device, torch.float32)
        loss = -(target * logits.log_softmax(-1)).sum()
        model.zero_grad()
        loss.backward()
        for index, layer in enumerate(model.layers):
            effect = kept[f"heads.{index}"].grad * kept[f"heads.{index}"].detach()
            heads[index] += effect.view(len(effect), -1, layer.heads, layer.head_dim).sum((1, 3)).abs().sum(0).cpu()
            effect = kept[f"ffn.{index}"].grad * kept[f"ffn.{index}"].detach()
            columns[index] += effect.sum(1).abs().sum(0).cpu()
    for hook in hooks:
        hook.remove()
    model.zero_grad()
    return heads, columns


def prune(
    model: Encoder, heads: list[Tensor], columns: list[Tensor], keep_heads: int, keep_columns: int, pieces: list[str]
) -> Encoder:
    """A copy that keeps the most important units of every layer.

    Widths stay the multiples that matrix kernels like: the caller asks for `keep_columns` in steps of 32.
    """
    config = EncoderConfig(**model.config.to_dict())
    config.heads, config.ffn = [keep_heads] * len(heads), [keep_columns] * len(columns)
    smaller = Encoder(config, pieces if config.ngrams else None)
    weights = {name: value.detach().cpu() for name, value in model.state_dict().items()}
    for index in range(len(heads)):
        best = torch.sort(heads[index].topk(keep_heads).indices).values
        rows = (best[:, None] * config.head_dim + torch.arange(config.head_dim)).flatten()
        for part in ("query", "key", "value"):
            _take(weights, f"layers.{index}.{part}", rows, 0)
        _take(weights, f"layers.{index}.output", rows, 1)
        rows = torch.sort(columns[index].topk(keep_columns).indices).values
        _take(weights, f"layers.{index}.up", rows, 0)
        _take(weights, f"layers.{index}.down", rows, 1)
    smaller.load_state_dict(weights)
    return smaller


def _keeper(kept: dict[str, Tensor], name: str):
    def keep(module: nn.Module, inputs: tuple[Tensor]) -> None:
        inputs[0].retain_grad()
        kept[name] = inputs[0]

    return keep


def _take(weights: dict[str, Tensor], name: str, rows: Tensor, axis: int) -> None:
    weights[f"{name}.weight"] = weights[f"{name}.weight"].index_select(axis, rows)
    if axis == 0:
        weights[f"{name}.bias"] = weights[f"{name}.bias"][rows]


def share(values: list[Tensor]) -> list[list[float]]:
    """Importances as shares of their layer's sum, for the report."""
    return [np.round((value / value.sum()).tolist(), 4).tolist() for value in values]
