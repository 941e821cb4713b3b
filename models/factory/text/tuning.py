"""One trial of the search: a short supervised run on train, judged on the held-out rows after every epoch."""

import numpy as np
import optuna
import torch

from ..core.context import Context
from ..core.distributed import seed_everything
from ..core.loop import Schedule, fit
from .batches import TextBatches
from .corpus import Corpus
from .encoder import Encoder, EncoderConfig
from .learning import noisy, supervised_loss
from .stages import select_accuracy


def short_run(context: Context, corpus: Corpus, parameters: dict, plan: dict, trial: optuna.Trial) -> float:
    """Accuracy on the held-out rows after `plan["epochs"]` epochs of a two-layer encoder."""
    seed_everything(context.family.seed)
    hidden = parameters["hidden"]
    config = EncoderConfig.uniform(
        2,
        hidden // 64,
        4 * hidden,
        vocab_size=len(corpus.pieces),
        hidden=hidden,
        labels=len(corpus.labels),
        dropout=0.2,
    )
    model = Encoder(config, corpus.pieces)
    rows = np.flatnonzero(~corpus.select)
    targets = torch.from_numpy(corpus.targets[rows]).to(context.process.device)
    source = noisy([corpus.ids[row] for row in rows], 0.1, 0.02, context.family.seed)
    last = 0.0

    def judge(epoch: int) -> None:
        nonlocal last
        last = select_accuracy(model, corpus, context)
        trial.report(last, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned

    schedule = Schedule(plan["epochs"], parameters["learning_rate"], label=f"trial {trial.number}")
    fit(
        model,
        supervised_loss(targets, 0.1),
        TextBatches(source, parameters["batch"], context.process, context.family.seed),
        schedule,
        context.process,
        after_epoch=judge,
    )
    return last
