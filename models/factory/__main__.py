"""Command line: `python -m factory <step> <family>`, or `build` for all steps of a family in order."""

import argparse
import logging
import sys
from dataclasses import replace
from pathlib import Path

from .core.context import Context
from .core.distributed import seed_everything, start
from .families import FAMILIES
from .steps import NEEDS, SHARED, STEPS

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Runs what the arguments ask for; returns the exit status."""
    arguments = _parser().parse_args()
    process = start(arguments.threads)
    families = list(FAMILIES) if arguments.family == "all" else [arguments.family]
    for name in families:
        context = Context(
            family=FAMILIES[name],
            data=arguments.data,
            work_root=arguments.work,
            models=arguments.models,
            reports=HERE / "reports",
            process=process,
            force=arguments.force,
        )
        _log_to(context.work / "factory.log", process.main)
        wanted = context.family.steps if arguments.step == "build" else [arguments.step]
        for step in wanted:
            if step not in context.family.steps:
                sys.exit(f"family '{name}' has no step '{step}'; its steps are: {', '.join(context.family.steps)}")
            options = _options(arguments, step)
            seed_everything(context.family.seed)
            shared = step in SHARED
            seen = context if shared else replace(context, process=process.alone)
            context.once(step, NEEDS[step], options, lambda: STEPS[step].run(seen, options), shared)  # noqa: B023
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m factory", description=__doc__)
    parser.add_argument(
        "step", choices=["build", *STEPS], help="one step, or `build` for all; what is up to date is skipped"
    )
    parser.add_argument("family", choices=["all", *FAMILIES])
    parser.add_argument(
        "--data", type=Path, default=HERE.parents[2] / "shared" / "data", help="folder of the data sets"
    )
    parser.add_argument("--work", type=Path, default=HERE / "work", help="checkpoints, studies and records")
    parser.add_argument("--models", type=Path, default=HERE.parent, help="the model repository to publish into")
    parser.add_argument("--force", action="store_true", help="run even if nothing has changed")
    parser.add_argument("--threads", type=int, help="torch threads per process")
    parser.add_argument("--trials", type=int, help="tune: number of trials in all")
    parser.add_argument("--dp-epsilon", type=float, help="train: differential privacy budget (needs opacus)")
    return parser


def _options(arguments: argparse.Namespace, step: str) -> dict:
    known = {"tune": ["trials"], "train": ["dp_epsilon"]}
    return {name: getattr(arguments, name) for name in known.get(step, []) if getattr(arguments, name) is not None}


def _log_to(path: Path, main: bool) -> None:
    logger = logging.getLogger("factory")
    logger.setLevel(logging.INFO if main else logging.ERROR)
    logger.handlers.clear()
    logger.propagate = False
    shape = logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S")
    for handler in (logging.StreamHandler(sys.stderr), logging.FileHandler(path, encoding="utf-8")):
        handler.setFormatter(shape)
        logger.addHandler(handler)


if __name__ == "__main__":
    sys.exit(main())
