"""How long a variant takes on this machine's CPU, measured against the others in the same run."""

import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np


def cpu_name() -> str:
    """The processor's model name, or the architecture where it cannot be read."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


def interleaved(calls: dict[str, Callable[[], object]], rounds: int = 40, warmup: int = 3) -> dict[str, float]:
    """Milliseconds per call of each entry.

    The entries take turns, so that a busy neighbour on the machine slows all of them alike; the lower quartile of
    the rounds is reported, which a short disturbance does not move.
    """
    for call in calls.values():
        for _ in range(warmup):
            call()
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            samples[name].append((time.perf_counter() - start) * 1e3)
    return {name: float(np.quantile(times, 0.25)) for name, times in samples.items()}
