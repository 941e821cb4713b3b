"""A family of text classifiers: the hooks that the steps call."""

from dataclasses import dataclass, field

import numpy as np
import onnxruntime as ort
import optuna
import pandas as pd
import torch

from ..core.context import Context
from ..core.family import Family
from ..core.onnx_files import store_half
from ..core.variants import Variant, save_variant
from .batches import pad
from .corpus import Corpus, tokenizer_text
from .encoder import Encoder
from .evaluation import evaluate_logits, run_logits, vocabulary
from .graph import encoder_graph
from .hf_config import hugging_face_config
from .invariance import worst_difference
from .learning import load_encoder, save_encoder
from .linear import cross_validated
from .pruning import importance, prune, share
from .stages import Base, default_encoder, fresh_encoder, transfer_set
from .students import pareto_front, try_students
from .tokenizer import tokenizer_files
from .transfer import TransferSet, learn, teacher_vectors


@dataclass
class TextFamily(Family):
    """Needs `base`: the corpus and the starting point of its training. Everything else is common."""

    sample: str = "validation"
    latency_sequence: int = 32
    lineage: list[str] = field(default_factory=list)
    loaded: Corpus | None = field(default=None, repr=False)

    def base(self, context: Context) -> Base:
        """The corpus and what training starts from."""
        raise NotImplementedError

    def corpus(self, context: Context) -> Corpus:
        """The cleaned, tokenised corpus."""
        raise NotImplementedError

    def suspects(self, context: Context, table: pd.DataFrame) -> pd.DataFrame:
        labels, codes = np.unique(table["label"], return_inverse=True)
        probabilities = cross_validated(list(table["key"]), codes, self.seed)
        return pd.DataFrame(
            {"suggested": labels[probabilities.argmax(1)], "confidence": probabilities.max(1)}, index=table.index
        )

    def search_space(self, trial: optuna.Trial) -> dict:
        return {
            "learning_rate": trial.suggest_float("learning_rate", 3e-4, 2e-3, log=True),
            "batch": trial.suggest_categorical("batch", [64, 128, 256]),
            "hidden": trial.suggest_categorical("hidden", [256, 320, 384]),
        }

    def trial(self, context: Context, parameters: dict, trial: optuna.Trial) -> float:
        from .tuning import short_run

        return short_run(context, self.corpus(context), parameters, self.plan["tune"], trial)

    def train(self, context: Context, options: dict) -> dict:
        if options.get("dp_epsilon"):
            from .private import train_privately

            return train_privately(context, self.corpus(context), options["dp_epsilon"], self.lineage)
        base, plan = self.base(context), self.plan["train"]
        rows = np.arange(len(base.corpus.ids))
        data = self.transfer(context, base)
        model = default_encoder(context, base, rows, data, plan, context.stage("default", plan))
        save_encoder(model, context.work / "default.pt")
        self.export(context, model, "default", self.lineage, None)
        return {"parameters": sum(p.numel() for p in model.parameters()), "transfer_rows": len(data.ids)}

    def transfer(self, context: Context, base: Base) -> TransferSet:
        """The transfer set of all learning rows, its teachers trained as `tune` found best."""
        plan, found = self.plan["train"], context.outcome("tune")["best"]
        tuned = {name: found[name] for name in ("learning_rate", "batch")}
        members = [tuned | member for member in plan["members"]]
        teachers = {"members": members, "transfer": plan["transfer"]}
        return transfer_set(context, base, np.arange(len(base.corpus.ids)), teachers)

    def export(
        self,
        context: Context,
        model: Encoder,
        name: str,
        lineage: list[str],
        source: str | None,
        extra: dict | None = None,
    ) -> None:
        """Keeps an encoder as the variant `name`, in float32 with half-size storage."""
        if context.process.main:
            save_variant(
                context,
                Variant(name, "fp32", lineage, self.seed, source, extra or {}),
                store_half(encoder_graph(model.cpu().eval())),
            )

    def distill(self, context: Context, options: dict) -> dict:
        base, plan = self.base(context), self.plan["distill"]
        teacher = load_encoder(context.work / "default.pt", base.corpus.pieces)
        data = self.transfer(context, base)
        vectors = teacher_vectors(teacher, data, context.stage("vectors", self.plan["train"]), context.process)
        candidates = try_students(context, base, teacher, data, vectors, plan)
        candidates = context.process.main_says(candidates)  # clocks differ between peers
        chosen = pareto_front(candidates, plan["speedup"])
        student = fresh_encoder(base, self.seed, candidates[chosen]["shape"])
        home = context.stage("distilled", plan | {"chosen": chosen})
        learn(student, vectors, data, plan["final"], context.process, "distilled", home, self.seed)
        line = f"distill from default and its teachers: soft targets and hidden states, student {chosen}, {plan['final']['epochs']} epochs"
        save_encoder(student, context.work / "distilled.pt")
        self.export(context, student, "distilled", [*self.lineage, line], "default")
        return {"candidates": candidates, "chosen": chosen}

    def prune(self, context: Context, options: dict) -> dict:
        base, plan = self.base(context), self.plan["prune"]
        teacher = load_encoder(context.work / "default.pt", base.corpus.pieces)
        data = self.transfer(context, base)
        sample = np.random.default_rng(self.seed).permutation(data.originals)[: plan["sample"]]
        heads, columns = importance(
            teacher,
            [data.ids[row] for row in sample],
            data.soft[torch.from_numpy(sample)].float(),
            context.process,
            self.seed,
        )
        smaller = prune(teacher, heads, columns, plan["heads"], plan["ffn"], base.corpus.pieces)
        vectors = teacher_vectors(teacher, data, context.stage("vectors", self.plan["train"]), context.process)
        learn(
            smaller,
            vectors,
            data,
            plan["recovery"],
            context.process,
            "pruned",
            context.stage("pruned", plan),
            self.seed,
        )
        before = teacher.config
        line = f"prune {before.heads[0]} to {plan['heads']} heads and {before.ffn[0]} to {plan['ffn']} columns a layer, {plan['recovery']['epochs']} epochs of recovery"
        save_encoder(smaller, context.work / "pruned.pt")
        self.export(context, smaller, "pruned", [*self.lineage, line], "default")
        return {
            "heads": share(heads),
            "kept_columns_weight": [float(c.topk(plan["ffn"]).values.sum() / c.sum()) for c in columns],
        }

    def calibration(self, context: Context, count: int) -> list[dict[str, np.ndarray]]:
        corpus = self.corpus(context)
        rows = np.random.default_rng(self.seed).permutation(np.flatnonzero(~corpus.select))[:count]
        return [_feeds([corpus.ids[row] for row in rows[i : i + 16]]) for i in range(0, len(rows), 16)]

    def fidelity(self, context: Context, session: ort.InferenceSession) -> np.ndarray:
        corpus = self.corpus(context)
        return run_logits(session, [corpus.ids[row] for row in np.flatnonzero(corpus.select)])

    def evaluate(self, context: Context, session: ort.InferenceSession) -> dict:
        corpus = self.corpus(context)
        logits = run_logits(session, corpus.encode(corpus.reporting["key"]))
        table = corpus.reporting.rename(columns={"key": "text"})
        return evaluate_logits(logits, table, corpus.labels, vocabulary(corpus.learning["key"]), self.sample)

    def invariance(self, context: Context, session: ort.InferenceSession) -> float:
        corpus = self.corpus(context)
        return worst_difference(session, corpus.encode(corpus.reporting["key"].iloc[:96]))

    def latency_feeds(self, context: Context, batch: int) -> tuple[dict[str, np.ndarray], dict]:
        size = self.corpus(context).tokenizer.get_vocab_size()
        ids = np.random.default_rng(self.seed).integers(5, size, (batch, self.latency_sequence))
        return {"input_ids": ids, "attention_mask": np.ones_like(ids)}, {"sequence": self.latency_sequence}

    def companions(self, context: Context) -> dict[str, object]:
        corpus = self.corpus(context)
        model = load_encoder(context.work / "default.pt", corpus.pieces)
        return {
            "tokenizer.json": tokenizer_text(corpus.tokenizer),
            "config.json": hugging_face_config(model.config, corpus.labels),
            **tokenizer_files(corpus.tokenizer, corpus.max_length),
        }


def _feeds(ids: list[list[int]]) -> dict[str, np.ndarray]:
    input_ids, mask = pad(ids)
    return {"input_ids": input_ids.numpy(), "attention_mask": mask.numpy()}
