"""A family of image classifiers: the hooks that the steps call."""

from dataclasses import dataclass, field

import numpy as np
import onnxruntime as ort
import optuna
import pandas as pd

from ..core.context import Context
from ..core.family import Family
from ..core.onnx_files import store_half
from ..core.variants import Variant, save_variant
from ..text.students import pareto_front
from .evaluation import evaluate_logits, run_logits, worst_difference
from .graph import classifier_graph
from .hf_config import preprocessor, resnet_config
from .images import ImageSet, image_table, load_split, pixel_values, read_fashion_mnist
from .network import ResNet, ResNetConfig
from .learning import load_network, save_network
from .stages import accuracy, distil, short_run, speedup, train_classifier
from .suspects import neighbour_opinions

SAMPLE = "a fixed tenth of every class of train"


@dataclass
class ImageFamily(Family):
    """A residual network, its students and their int8 forms, on Fashion-MNIST."""

    lineage: list[str] = field(default_factory=list)
    _splits: dict[tuple, ImageSet] = field(default_factory=dict, repr=False)

    def images(self, context: Context, *splits: str) -> ImageSet:
        """The cleaned images of these splits."""
        if splits not in self._splits:
            self._splits[splits] = load_split(context, *splits)
        return self._splits[splits]

    def read(self, context: Context) -> pd.DataFrame:
        return image_table(context.data, self.seed)

    def suspects(self, context: Context, table: pd.DataFrame) -> pd.DataFrame:
        pixels, _ = read_fashion_mnist(context.data)
        return neighbour_opinions(pixels[table["row"].to_numpy()], table["label"], self.seed)

    def search_space(self, trial: optuna.Trial) -> dict:
        return {
            "learning_rate": trial.suggest_float("learning_rate", 1e-3, 6e-3, log=True),
            "batch": trial.suggest_categorical("batch", [64, 128, 256]),
            "width": trial.suggest_categorical("width", [16, 32]),
        }

    def trial(self, context: Context, parameters: dict, trial: optuna.Trial) -> float:
        train, held = self.images(context, "train"), self.images(context, "select")
        return short_run(context, train, held, self.plan["tune"], parameters, trial)

    def train(self, context: Context, options: dict) -> dict:
        refuse_privacy(options)
        images, plan, best = self.images(context, "train", "select"), self.plan["train"], context.outcome("tune")["best"]
        width = best["width"]
        shape = plan["default"]["shape"] | {"stem": width, "channels": [width, 2 * width, 4 * width]}
        tuned = plan["default"] | {"shape": shape, "learning_rate": best["learning_rate"], "batch": best["batch"]}
        model = train_classifier(context, images, tuned, "default")
        model = train_classifier(context, images, plan["refine"], "refined", model)
        save_network(model, context.work / "default.pt")
        self.export(context, model, "default", self.lineage, None)
        return {"parameters": sum(p.numel() for p in model.parameters()), "rows": len(images)}

    def distill(self, context: Context, options: dict) -> dict:
        plan, teacher = self.plan["distill"], load_network(context.work / "default.pt")
        candidates, images = {}, self.images(context, "train")
        part = images.take(np.random.default_rng(self.seed).permutation(len(images))[: plan["short"]["rows"]])
        for shape in plan["shapes"]:
            student = distil(context, [teacher], part, shape, plan["short"], "student")
            candidates[ResNetConfig(**shape).describe()] = {
                "shape": shape,
                "accuracy": round(accuracy(student, self.images(context, "select"), context), 4),
                "speedup": round(speedup(context, teacher, student), 2),
            }
        chosen = pareto_front(candidates, plan["speedup"])
        final = distil(context, [teacher], self.images(context, "train", "select"), candidates[chosen]["shape"], plan["final"], "distilled")
        line = f"distill from default: soft targets and pooled features, student {chosen}, {plan['final']['epochs']} epochs"
        save_network(final, context.work / "distilled.pt")
        self.export(context, final, "distilled", [*self.lineage, line], "default")
        return {"candidates": candidates, "chosen": chosen}

    def export(self, context: Context, model: ResNet, name: str, lineage: list[str], source: str | None) -> None:
        """Keeps a network as the variant `name`, in float32 with half-size storage."""
        if context.process.main:
            save_variant(context, Variant(name, "fp32", lineage, self.seed, source), store_half(classifier_graph(model.cpu().eval())))

    def calibration(self, context: Context, count: int) -> list[dict[str, np.ndarray]]:
        images = self.images(context, "train")
        rows = np.random.default_rng(self.seed).permutation(len(images))[:count]
        return [{"pixel_values": pixel_values(images.pixels[rows[i : i + 16]])} for i in range(0, count, 16)]

    def fidelity(self, context: Context, session: ort.InferenceSession) -> np.ndarray:
        return run_logits(session, self.images(context, "select").pixels)

    def evaluate(self, context: Context, session: ort.InferenceSession) -> dict:
        images = self.images(context, "validation")
        return evaluate_logits(run_logits(session, images.pixels), images, SAMPLE)

    def invariance(self, context: Context, session: ort.InferenceSession) -> float:
        return worst_difference(session, self.images(context, "validation").pixels[:48])

    def latency_feeds(self, context: Context, batch: int) -> tuple[dict[str, np.ndarray], dict]:
        return {"pixel_values": pixel_values(self.images(context, "train").pixels[:batch])}, {"image": [28, 28]}

    def companions(self, context: Context) -> dict[str, object]:
        network = load_network(context.work / "default.pt")
        return {"config.json": resnet_config(network.config), "preprocessor_config.json": preprocessor()}


def refuse_privacy(options: dict) -> None:
    """Raises RuntimeError where private training is asked for: batch normalisation mixes the rows of a batch, so that
    no row has a gradient of its own to clip."""
    if options.get("dp_epsilon"):
        raise RuntimeError("--dp-epsilon is for text families: batch normalisation has no gradient of a single row")
