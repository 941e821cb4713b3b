"""The stages of `tune`, `train` and `distill` for an image family; each leaves its result in a folder and reads it back."""

import logging
import tempfile
from pathlib import Path

import numpy as np
import onnx
import optuna

from ..core.context import Context
from ..core.distributed import seed_everything
from ..core.latency import interleaved
from ..core.loop import Schedule, fit
from ..core.onnx_files import session
from .augment import Augmentation
from .batches import ImageBatches
from .graph import classifier_graph
from .images import ImageSet
from .learning import Student, distillation_loss, load_network, predict, save_network, supervised_loss
from .network import ResNet, ResNetConfig

log = logging.getLogger("factory")


def train_classifier(context: Context, images: ImageSet, plan: dict, label: str, start: ResNet | None = None) -> ResNet:
    """A network on hard labels. Plan: `shape` (fields of ResNetConfig), epochs, learning_rate, batch, smoothing, augmentation.

    With `start` the training goes on from its weights, and the plan needs no shape.
    """
    home = context.stage(label, {"plan": plan, "rows": len(images)})
    path = home / "network.pt"
    if path.exists():
        return load_network(path)
    seed_everything(context.family.seed + plan.get("seed", 0))
    model = start or ResNet(ResNetConfig(**plan["shape"]))
    schedule = Schedule(plan["epochs"], plan["learning_rate"], label=label)
    fit(model, supervised_loss(plan["smoothing"]), _batches(context, images, plan), schedule, context.process, home / "resume.pt")
    if context.process.main:
        save_network(model, path)
    return model


def distil(context: Context, teachers: list[ResNet], images: ImageSet, shape: dict, plan: dict, label: str) -> ResNet:
    """A network of `shape` that learns from the teachers. Plan: as above, and `hidden_weight`, `hard`."""
    taught_by = (context.record("train") or {}).get("key")
    home = context.stage(label, {"plan": plan, "shape": shape, "rows": len(images), "teacher": taught_by})
    path = home / "network.pt"
    if path.exists():
        return load_network(path)
    seed_everything(context.family.seed)
    student = ResNet(ResNetConfig(**shape))
    for teacher in teachers:
        teacher.to(context.process.device).eval()
    loss = distillation_loss(teachers, plan["hidden_weight"], plan["hard"])
    schedule = Schedule(plan["epochs"], plan["learning_rate"], label=label)
    fit(Student(student, teachers[0]), loss, _batches(context, images, plan), schedule, context.process, home / "resume.pt")
    if context.process.main:
        save_network(student, path)
    return student.eval()


def short_run(context: Context, train: ImageSet, held: ImageSet, plan: dict, parameters: dict, trial: optuna.Trial) -> float:
    """Accuracy on `held` after a few epochs on a part of train. Raises TrialPruned where the trial lags its elders."""
    rows = np.random.default_rng(context.family.seed).permutation(len(train))[: plan["rows"]]
    seed_everything(context.family.seed)
    width = parameters["width"]
    model = ResNet(ResNetConfig(stem=width, channels=(width, 2 * width, 4 * width), blocks=(1, 1, 1)))
    schedule = Schedule(plan["epochs"], parameters["learning_rate"], label=f"trial {trial.number}")
    reached = 0.0

    def after_epoch(epoch: int) -> None:
        nonlocal reached
        reached = accuracy(model, held, context)
        trial.report(reached, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned

    batches = _batches(context, train.take(rows), {"batch": parameters["batch"], "augmentation": {}})
    fit(model, supervised_loss(0.0), batches, schedule, context.process, after_epoch=after_epoch)
    return reached


def accuracy(model: ResNet, images: ImageSet, context: Context) -> float:
    """Share of right answers."""
    return float((predict(model, images.pixels, context.process).argmax(1) == images.targets.numpy()).mean())


def speedup(context: Context, first: ResNet, second: ResNet) -> float:
    """How many times faster the second network's graph runs a batch of 16."""
    feeds, _ = context.family.latency_feeds(context, 16)
    with tempfile.TemporaryDirectory() as folder:
        calls = {}
        for name, model in (("first", first), ("second", second)):
            path = Path(folder) / f"{name}.onnx"
            onnx.save(classifier_graph(model.cpu().eval()), str(path))
            calls[name] = lambda s=session(path): s.run(None, feeds)
        times = interleaved(calls, rounds=20)
    return times["first"] / times["second"]


def _batches(context: Context, images: ImageSet, plan: dict) -> ImageBatches:
    return ImageBatches(images, plan["batch"], context.process, context.family.seed, Augmentation(**plan["augmentation"]))
