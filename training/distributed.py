"""Several processes on one run, as torchrun starts them: ranks, what they share, averaged gradients. Alone, a no-op."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, distributed, nn

T = TypeVar("T")

LONGEST_WAIT = timedelta(hours=6)
"""How long ranks wait for each other: for rank 0 to score, mostly. When one dies, torchrun ends the others at once."""


@contextmanager
def joined() -> Iterator[None]:
    """Join the processes that torchrun started (WORLD_SIZE above 1); at the end wait for all, and part."""
    if int(os.environ.get("WORLD_SIZE") or 1) < 2:
        yield
        return
    has_gpu = torch.cuda.is_available()
    if has_gpu:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if has_gpu else "gloo", timeout=LONGEST_WAIT)
    try:
        yield
        distributed.barrier()  # NCCL's communicators want to be closed together
    finally:
        distributed.destroy_process_group()


def ranks() -> int:
    """Return the number of processes on the run."""
    return distributed.get_world_size() if _is_joined() else 1


def rank() -> int:
    """Return the number of this process, 0 when alone."""
    return distributed.get_rank() if _is_joined() else 0


def is_first() -> bool:
    """Tell whether this process is the one that scores, logs and writes."""
    return rank() == 0


def new_generator(seed: int) -> np.random.Generator:
    """Return what this rank draws its batches from: seeded by the seed alone, or by [seed, rank] among several."""
    return np.random.default_rng(seed if ranks() == 1 else [seed, rank()])


def seed_dropout(seed: int) -> None:
    """Let ranks drop different units; a process alone keeps the torch generator as it is."""
    if ranks() > 1:
        torch.manual_seed(int(np.random.SeedSequence([seed, rank()]).generate_state(1)[0]))


def from_first(make: Callable[[], T]) -> T:
    """Return what rank 0 makes, to every rank; the others make nothing."""
    made: list[Any] = [make() if is_first() else None]
    if ranks() > 1:
        distributed.broadcast_object_list(made, src=0)
    return made[0]  # type: ignore[no-any-return]


def gathered(mine: T) -> list[T]:
    """Return what each rank has, in the order of ranks, to every rank."""
    if ranks() == 1:
        return [mine]
    everyone: list[Any] = [None] * ranks()
    distributed.all_gather_object(everyone, mine)
    return everyone


def copy_from_first(network: nn.Module) -> None:
    """Give every rank the weights of rank 0."""
    if ranks() > 1:
        for tensor in network.state_dict().values():
            sent = tensor.to(torch.int32) if tensor.dtype == torch.int16 else tensor  # Gloo carries no int16
            distributed.broadcast(sent, src=0)
            tensor.copy_(sent)


def average_gradients(parameters: Sequence[nn.Parameter], loss: float) -> float:
    """Set every gradient to its mean over ranks, and return the mean of the losses.

    Losses call networks by methods of their own (`predict`, `classify`), which DistributedDataParallel does not see;
    hence one sum over ranks per step, after the last backward pass. A parameter without gradient on every rank keeps
    none, so that weight decay leaves it alone as it does in one process.
    """
    if ranks() == 1:
        return loss
    device = parameters[0].device
    has = torch.tensor([float(p.grad is not None) for p in parameters], device=device)
    grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    flat = torch.cat([*(g.flatten() for g in grads), has, torch.tensor([loss], device=device)])
    distributed.all_reduce(flat)
    flat /= ranks()
    _spread(flat, parameters)
    return float(flat[-1])


def _spread(flat: Tensor, parameters: Sequence[nn.Parameter]) -> None:
    sizes = [p.numel() for p in parameters]
    *grads, has, _ = torch.split(flat, [*sizes, len(sizes), 1])
    for parameter, grad, share in zip(parameters, grads, has.tolist(), strict=True):
        parameter.grad = grad.view_as(parameter) if share > 0 else None


def _is_joined() -> bool:
    return distributed.is_available() and distributed.is_initialized()
