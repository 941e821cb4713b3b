"""New sentences from old ones, for a student to learn from what its teachers say about them."""

import numpy as np
import torch

from ..core.distributed import Process
from .batches import pad
from .pretrain import LanguageModel
from .tokenizer import CLS, MASK, SEP


def augment(
    ids: list[list[int]], labels: np.ndarray, model: LanguageModel, copies: int, process: Process, seed: int
) -> list[list[int]]:
    """`copies` times as many token id rows as `ids` holds, in three kinds of equal share.

    A language model rewrites masked tokens (TinyBERT, Jiao et al. 2020); the head of one sentence is joined to the tail
    of another, of the same class or of any; words are dropped and swapped. Labels are not kept: the teachers give them.
    """
    generator = np.random.default_rng(seed)
    torch.manual_seed(seed)
    made: list[list[int]] = []
    by_class = [np.flatnonzero(labels == label) for label in range(labels.max() + 1)]
    for _ in range(copies):
        kinds = generator.integers(0, 3, len(ids))
        made += _rewrite([ids[row] for row in np.flatnonzero(kinds == 0)], model, process, generator)
        for row in np.flatnonzero(kinds == 1):
            others = by_class[labels[row]] if generator.random() < 0.5 else None
            other = generator.choice(others) if others is not None else generator.integers(len(ids))
            made.append(_splice(ids[row], ids[other], generator))
        made += [_shake(ids[row], generator) for row in np.flatnonzero(kinds == 2)]
    return made


@torch.no_grad()
def _rewrite(
    rows: list[list[int]], model: LanguageModel, process: Process, generator: np.random.Generator
) -> list[list[int]]:
    model.to(process.device).eval()
    result = []
    for start in range(0, len(rows), 256):
        input_ids, mask = pad(rows[start : start + 256])
        share = torch.from_numpy(generator.uniform(0.1, 0.5, (len(input_ids), 1)))
        chosen = (torch.rand(input_ids.shape) < share) & (input_ids > MASK)
        hidden = torch.where(chosen, MASK, input_ids).to(process.device)
        logits = model(hidden, mask.to(process.device), chosen.to(process.device)).float().cpu()
        logits[:, : MASK + 1] = -1e9  # never a special token
        top = logits.topk(20, -1)
        picks = torch.multinomial(top.values.softmax(-1), 1)
        input_ids[chosen] = top.indices.gather(1, picks)[:, 0]
        lengths = mask.sum(1).tolist()
        result += [row[:length] for row, length in zip(input_ids.tolist(), lengths)]
    return result


def _splice(first: list[int], second: list[int], generator: np.random.Generator) -> list[int]:
    one, two = first[1:-1], second[1:-1]
    cut = generator.uniform(0.25, 0.75)
    head, tail = one[: max(1, round(len(one) * cut))], two[round(len(two) * cut) :]
    return [CLS, *head, *tail, SEP]


def _shake(row: list[int], generator: np.random.Generator) -> list[int]:
    tokens = [token for token in row[1:-1] if generator.random() >= 0.2] or row[1:-1]
    for _ in range(generator.integers(0, 3)):
        if len(tokens) > 1:
            at = generator.integers(len(tokens) - 1)
            tokens[at], tokens[at + 1] = tokens[at + 1], tokens[at]
    return [CLS, *tokens, SEP]
