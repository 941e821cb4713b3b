"""Where a run reads and writes, and the records by which it resumes."""

import hashlib
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from .distributed import Process
from .family import Family

log = logging.getLogger("factory")


@dataclass
class Context:
    """One run on one family. `work` is the family's own folder below the factory's working folder."""

    family: Family
    data: Path
    work_root: Path
    models: Path
    reports: Path
    process: Process
    force: bool = False

    @property
    def work(self) -> Path:
        """The family's working folder."""
        return self.path_of(self.family.name)

    def path_of(self, family: str) -> Path:
        """The working folder of a family, made if absent."""
        folder = self.work_root / family
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def record(self, step: str) -> dict | None:
        """What the last run of `step` left, or None."""
        path = self.work / "records" / f"{step}.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    def outcome(self, step: str) -> dict:
        """The result of a step that this one builds on. Raises RuntimeError where it has not run."""
        record = self.record(step)
        if record is None:
            raise RuntimeError(f"step '{step}' of family '{self.family.name}' has not run yet")
        return record["outcome"]

    def stage(self, name: str, plan: dict) -> Path:
        """A folder for one stage of a step, made if absent: the same plan finds what it left there.

        The name carries a digest of the plan and of what `clean` kept, so that nothing stale is ever read.
        """
        basis = {"plan": plan, "seed": self.family.seed, "clean": (self.record("clean") or {}).get("key")}
        suffix = hashlib.sha256(json.dumps(basis, sort_keys=True, default=str).encode()).hexdigest()[:8]
        folder = self.work / f"{name}-{suffix}"
        folder.mkdir(exist_ok=True)
        return folder

    def sibling(self, family: Family) -> "Context":
        """The same run seen by another family, on whose results this one builds."""
        return replace(self, family=family)

    def once(self, step: str, needs: list[str], options: dict, run: Callable[[], dict], shared: bool = True) -> bool:
        """Runs a step unless its record says that nothing it depends on has changed. Returns whether it ran.

        The key of a record is made of the step's plan and options, the seed, and the keys of the steps that it `needs`.
        A step that is not `shared` runs in the main process only, while its peers wait.
        """
        key = self._key(step, needs, options)
        record = self.record(step)
        if self.process.main_says(bool(record and record["key"] == key and not self.force)):
            log.info("%s %s: up to date", self.family.name, step)
            return False
        log.info("%s %s: start", self.family.name, step)
        start = time.monotonic()
        outcome = run() if shared or self.process.main else {}
        if self.process.main:
            path = self.work / "records" / f"{step}.json"
            path.parent.mkdir(exist_ok=True)
            entry = {"key": key, "options": options, "seconds": round(time.monotonic() - start, 1), "outcome": outcome}
            path.write_text(json.dumps(entry, indent=1, default=float), encoding="utf-8")
        self.process.barrier()
        log.info("%s %s: done in %.0f s", self.family.name, step, time.monotonic() - start)
        return True

    def _key(self, step: str, needs: list[str], options: dict) -> str:
        earlier = [record["key"] for need in needs if need in self.family.steps and (record := self.record(need))]
        basis = {
            "plan": self.family.plan.get(step, {}),
            "options": options,
            "seed": self.family.seed,
            "earlier": earlier,
        }
        return hashlib.sha256(json.dumps(basis, sort_keys=True, default=str).encode()).hexdigest()[:16]
