"""Two processes, each with a share of the rows, make the gradient of one that has them all."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import torch
from loss_cases import case
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from ostinato.rl.aggregation import Aggregate, Normaliser
from ostinato.rl.losses import cispo

RANKS, HIDDEN = 2, 6
SHARES = (slice(0, 4), slice(4, None))  # unlike numbers of rows; a group on both


class Policy(nn.Module):
    """Log-probabilities from one feature vector per token."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.weight = nn.Parameter(torch.randn(HIDDEN, dtype=torch.float64))

    def forward(self, features: Tensor) -> Tensor:
        return nn.functional.logsigmoid(features @ self.weight)


def features_of(shape: torch.Size) -> Tensor:
    rng = torch.Generator().manual_seed(1)
    return torch.randn(*shape, HIDDEN, generator=rng, dtype=torch.float64)


def loss_of(model: nn.Module, aggregate: Aggregate, rows: slice, whole: Normaliser) -> Tensor:
    found = case(7)
    logprobs = model(features_of(found.mask.shape)[rows])
    batch = (found.sampled_logprobs[rows], found.advantages[rows], found.mask[rows])
    return cispo(logprobs, *batch, aggregate=aggregate, normaliser=whole.rows(rows))[0]


def gathered(own: Tensor) -> Tensor:
    """The numbers of all ranks, in order; their counts differ."""
    parts: list[Tensor | None] = [None] * RANKS
    distributed.all_gather_object(parts, own)
    return torch.cat([part for part in parts if part is not None])


def one_rank(rank: int, folder: str) -> None:
    """Each rank sees its own rows alone, and the lengths and prompts of all."""
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo",
        store=distributed.FileStore(f"{folder}/store", RANKS),
        rank=rank,
        world_size=RANKS,
        timeout=timedelta(seconds=60),
    )
    found, rows = case(7), SHARES[rank]
    whole = Normaliser.of(gathered(found.mask[rows].sum(1)), gathered(found.groups[rows]))
    for way in ("token", "prompt", "sample"):
        model = DistributedDataParallel(Policy())  # which averages over ranks
        (RANKS * loss_of(model, way, rows, whole)).backward()
        torch.save(model.module.weight.grad, f"{folder}/{way}-{rank}.pt")
    del model  # it talks to the other rank until it is gone
    distributed.barrier()
    distributed.destroy_process_group()


@pytest.mark.long
def test_ranks_with_the_denominators_of_the_whole_have_its_gradient(tmp_path: Path) -> None:
    torch.multiprocessing.spawn(one_rank, (str(tmp_path),), nprocs=RANKS)
    found = case(7)
    whole = Normaliser.of(found.mask.sum(1), found.groups)
    assert len({int(found.mask[rows].sum()) for rows in SHARES}) == RANKS
    for way in ("token", "prompt", "sample"):
        model = Policy()
        loss_of(model, way, slice(None), whole).backward()
        for rank in range(RANKS):
            got = torch.load(tmp_path / f"{way}-{rank}.pt", weights_only=True)
            torch.testing.assert_close(got, model.weight.grad, rtol=1e-12, atol=1e-15)
