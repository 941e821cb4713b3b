"""Does a row's answer depend on the rows beside it or on padding? It must not."""

import numpy as np
import onnxruntime as ort

from .batches import pad


def worst_difference(session: ort.InferenceSession, ids: list[list[int]], extra_padding: int = 16) -> float:
    """Largest absolute difference of a logit between a row run alone, run in a batch, and run with more padding."""
    together = _run(session, ids, 0)
    padded = _run(session, ids, extra_padding)
    alone = np.concatenate([_run(session, [row], 0) for row in ids])
    return float(max(np.abs(together - alone).max(), np.abs(padded - alone).max()))


def _run(session: ort.InferenceSession, ids: list[list[int]], extra: int) -> np.ndarray:
    input_ids, mask = (np.pad(part.numpy(), ((0, 0), (0, extra))) for part in pad(ids))
    return session.run(["logits"], {"input_ids": input_ids, "attention_mask": mask})[0]
