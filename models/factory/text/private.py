"""Training with differential privacy (DP-SGD, Abadi et al. 2016), by Opacus."""

import logging
import sys

import numpy as np
import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from ..core.context import Context
from ..core.distributed import seed_everything
from ..core.onnx_files import store_half
from ..core.variants import Variant, save_variant
from .batches import pad
from .corpus import Corpus
from .encoder import Encoder, EncoderConfig
from .graph import encoder_graph
from .learning import save_encoder

log = logging.getLogger("factory")
DELTA = 1e-5


def train_privately(context: Context, corpus: Corpus, epsilon: float, lineage: list[str]) -> dict:
    """Makes the variant default with a budget of (`epsilon`, 1e-5) for any one training row.

    Neither teachers nor pre-trained weights take part: they have seen the rows without protection. N-gram vectors are
    left out (Opacus has no per-row gradient for EmbeddingBag). The vocabulary is taken as public. The budget spent is
    written to `variants.json`. Where Opacus is not installed this says so and stops.
    """
    try:
        from opacus import PrivacyEngine
    except ImportError:
        sys.exit("training with --dp-epsilon needs the package opacus, which is not installed: pip install opacus")
    plan = context.family.plan["private"]
    seed_everything(context.family.seed)
    config = EncoderConfig.uniform(
        **plan["shape"], vocab_size=len(corpus.pieces), labels=len(corpus.labels), ngrams=False
    )
    model = Encoder(config).to(context.process.device).train()
    input_ids, mask = pad(corpus.ids)
    loader = DataLoader(
        TensorDataset(input_ids, mask, torch.from_numpy(np.asarray(corpus.targets))),
        batch_size=plan["batch"],
        shuffle=True,
    )
    engine = PrivacyEngine()
    private, optimizer, loader = engine.make_private_with_epsilon(
        module=model,
        optimizer=torch.optim.AdamW(model.parameters(), lr=plan["learning_rate"]),
        data_loader=loader,
        epochs=plan["epochs"],
        target_epsilon=epsilon,
        target_delta=DELTA,
        max_grad_norm=plan["clip"],
        grad_sample_mode="functorch",
    )
    for epoch in range(plan["epochs"]):
        for batch in loader:
            ids, attention, targets = (part.to(context.process.device) for part in batch)
            if len(ids) == 0:  # Poisson sampling may draw nobody
                continue
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(private(ids, attention)[0], targets).backward()
            optimizer.step()
        log.info("private: epoch %d of %d, epsilon %.2f", epoch + 1, plan["epochs"], engine.get_epsilon(DELTA))
    spent = float(engine.get_epsilon(DELTA))
    save_encoder(model, context.work / "default.pt")
    privacy = {"privacy": {"epsilon": round(spent, 3), "delta": DELTA, "mechanism": "DP-SGD"}}
    line = f"train: DP-SGD, epsilon {spent:.2f}, delta {DELTA}"
    save_variant(
        context,
        Variant("default", "fp32", [lineage[0], line], context.family.seed, None, privacy),
        store_half(encoder_graph(model.cpu().eval())),
    )
    return {"epsilon": spent}
