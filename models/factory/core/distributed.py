"""One process, or several under torchrun: the same code on CPU, one GPU or many."""

import os
import random
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True)
class Process:
    """This process among its peers."""

    rank: int
    world: int
    device: torch.device

    @property
    def main(self) -> bool:
        """True in the one process that writes files and draws the progress bar."""
        return self.rank == 0

    def wrap(self, model: nn.Module) -> nn.Module:
        """Moves the model to the device and, with peers, averages its gradients over them."""
        model.to(self.device)
        if self.world == 1:
            return model
        devices = [self.device.index] if self.device.type == "cuda" else None
        return DistributedDataParallel(model, device_ids=devices, find_unused_parameters=True)

    @property
    def alone(self) -> "Process":
        """The same device without peers, for work that only one process does."""
        return replace(self, rank=0, world=1)

    def main_says(self, value):
        """The first process's value, in all of them: what a file system or a clock says may differ between peers."""
        if self.world == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, 0, device=self.device)
        return box[0]

    def barrier(self) -> None:
        """Waits for all peers."""
        if self.world > 1:
            dist.barrier()


def start(threads: int | None = None) -> Process:
    """Joins the group that torchrun's variables describe, or stands alone. Call once."""
    if threads:
        torch.set_num_threads(threads)
    world, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)
    if world > 1 and not dist.is_initialized():
        # One process searches and measures while its peers wait at a barrier: hours, not the default minutes.
        dist.init_process_group("nccl" if cuda else "gloo", timeout=timedelta(hours=12))
    return Process(rank, world, device)


def seed_everything(seed: int) -> None:
    """Seeds python, numpy and torch."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
