"""The numbers of ``ostinato plan``: what is asked for, and what comes out."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from ostinato.base.errors import UserError
from ostinato.infer.directory import named
from ostinato.jobs.plan_cluster import (
    GPUS,
    Cluster,
    Gpu,
    Load,
    Memory,
    Speed,
    decoding,
    fewest,
    memory,
    reading,
    rentable,
)
from ostinato.models.m1.config import PRESETS, M1Config
from ostinato.models.m1.cost import (
    BLOCK,
    Dtype,
    Parameters,
    base_flops,
    generation_flops,
    kv_bytes,
    lightning_flops,
    parameters,
    position_flops,
    prefill_flops,
    softmax_twin,
    state_bytes,
    token_flops,
    weight_bytes,
)
from ostinato.models.m1.peers import (
    CLAIMS,
    COMPARABLE,
    KILO,
    LENGTHS,
    PEERS,
    PLOTTED_SOURCE,
    plotted_ratio,
)

CONTEXT = 1_000_000
"""Tokens that are planned for where nothing is said and the model allows as many."""

MOST = 1_000_000
"""GPUs, sequences and days at most."""

REPORT_DOLLARS = 534_700
"""What the MiniMax-M1 report says its reinforcement learning cost to rent: 512 H800, 3 weeks."""


@dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """``None`` leaves it to the plan: context, number of GPUs (as few as hold it), price."""

    model: str
    context: int | None = None
    batch: int = 1
    gpu: str = "H800"
    gpus: int | None = None
    dtype: Dtype = "bf16"
    efficiency: float = 0.5
    price: float | None = None
    run_gpus: int = 512
    run_days: float = 21.0
    run_price: float = 2.0
    picture: Path | None = None
    as_json: bool = False


@dataclass(frozen=True, kw_only=True)
class Work:
    """FLOPs by length. Ratios are this model's FLOPs as a share of another's."""

    tokens: int
    at_last_token: int
    generated: int
    prefill: int
    softmax_only: float
    peers: dict[str, float] | None
    plotted: dict[str, float] | None
    """The same shares on the report's curves; the report draws them from 8K to 128K."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A training run that is rented by the GPU and hour."""

    gpus: int
    days: float
    price: float
    gpu_hours: float
    dollars: float


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that is told."""

    model: str
    config: M1Config
    parameters: Parameters
    work: list[Work]
    load: Load
    memory: Memory
    cluster: Cluster
    gpus_needed: int
    fits: bool
    most_sequences: int
    decoding: Speed | None
    """None where the load does not fit; so is ``reading``."""
    reading: Speed | None
    run: Run


def make_plan(request: PlanRequest) -> Plan:
    """The numbers; `UserError` where the request asks for what cannot be."""
    config = find_config(request.model)
    gpu = _checked(request)
    limit = config.max_position_embeddings
    context = min(CONTEXT, limit) if request.context is None else request.context
    if not 1 <= context <= limit:
        raise UserError(
            f"--context must be between 1 and the model's limit of {limit:,} tokens, got {context}"
        )
    load = Load(context, request.batch, request.dtype)
    needed = memory(config, load)
    fewest_gpus = fewest(gpu, needed.total)
    count = rentable(fewest_gpus) if request.gpus is None else request.gpus
    price = gpu.price if request.price is None else request.price
    cluster = Cluster(gpu, count, price, request.efficiency)
    fits = cluster.holds(needed.total)
    hours = request.run_gpus * request.run_days * 24
    return Plan(
        model=request.model,
        config=config,
        parameters=parameters(config),
        work=[work(config, KILO * kilo) for kilo in LENGTHS if KILO * kilo <= limit],
        load=load,
        memory=needed,
        cluster=cluster,
        gpus_needed=fewest_gpus,
        fits=fits,
        most_sequences=cluster.most_sequences(needed),
        decoding=decoding(config, load, cluster) if fits else None,
        reading=reading(config, load, cluster) if fits else None,
        run=Run(
            gpus=request.run_gpus,
            days=request.run_days,
            price=request.run_price,
            gpu_hours=hours,
            dollars=hours * request.run_price,
        ),
    )


def find_config(model: str) -> M1Config:
    """A preset or a bundled model by name, else the configuration of a model directory."""
    if model in PRESETS:
        return M1Config.preset(model)
    folder = named(model)
    if not folder.is_dir():
        raise UserError(
            f"{model}: expected a preset ({', '.join(PRESETS)}), a bundled model or a directory "
            "with config.json"
        )
    return M1Config.from_pretrained(folder)


def work(config: M1Config, tokens: int) -> Work:
    """A row of the table; peers only beside a model of their size."""
    own = generation_flops(config, tokens)
    peers = plotted = None
    if comparable(parameters(config)):
        peers = {name: own / peer.generation_flops(tokens) for name, peer in PEERS.items()}
        kilo = tokens / KILO
        if is_published(config) and 8 <= kilo <= 128:
            plotted = {name: plotted_ratio(kilo, name) for name in ("r1", "qwen3")}
    return Work(
        tokens=tokens,
        at_last_token=token_flops(config, tokens),
        generated=own,
        prefill=prefill_flops(config, tokens),
        softmax_only=own / generation_flops(softmax_twin(config), tokens),
        peers=peers,
        plotted=plotted,
    )


def is_published(config: M1Config) -> bool:
    """Whether a model costs what MiniMax-M1 does, so that the report's curves are its own."""
    published = M1Config.preset("456b")
    same = parameters(config) == parameters(published)
    return same and config.attention == published.attention


def comparable(weights: Parameters) -> bool:
    """Whether the peers of the published model are peers of this one."""
    return weights.active >= COMPARABLE


def to_json(made: Plan) -> dict[str, Any]:
    config, cluster = made.config, made.cluster
    return {
        "model": made.model,
        "parameters": made.parameters.to_json(),
        "flops": {
            "per_token": base_flops(config),
            "per_token_and_position": position_flops(config),
            "lightning_per_token": {
                "recurrent": lightning_flops(config),
                f"blocks_of_{BLOCK}": lightning_flops(config, BLOCK),
            },
            "by_length": [asdict(row) for row in made.work],
            "report": {
                "source": PLOTTED_SOURCE,
                "m1_to_r1": [
                    {"tokens": KILO * k, "text": claim.text, "its_figure": plotted_ratio(k)}
                    for k, claim in CLAIMS.items()
                ],
            },
        },
        "bytes": {
            "weights": {dtype: weight_bytes(config, dtype) for dtype in get_args(Dtype)},
            "state_per_sequence": state_bytes(config),
            "kv_per_token": kv_bytes(config),
        },
        "load": asdict(made.load) | {"bytes": asdict(made.memory)},
        "cluster": asdict(cluster)
        | {
            "usable_bytes": cluster.usable,
            "gpus_needed": made.gpus_needed,
            "fits": made.fits,
            "most_sequences": made.most_sequences,
        },
        "decoding": None if made.decoding is None else asdict(made.decoding),
        "reading": None if made.reading is None else asdict(made.reading),
        "run": asdict(made.run)
        | {
            "report_dollars": REPORT_DOLLARS,
            "report_dollars_per_gpu_hour": report_price(),
        },
    }


def report_price() -> float:
    """Dollars per GPU and hour that the report's bill comes to."""
    return REPORT_DOLLARS / (512 * 21 * 24)


def _checked(request: PlanRequest) -> Gpu:
    """The GPU asked for, once every number is known to make sense."""
    if request.gpu.upper() not in GPUS:
        raise UserError(f"there is no GPU {request.gpu!r} here; there is {', '.join(GPUS)}")
    if request.dtype not in get_args(Dtype):
        raise UserError(f"--dtype must be {', '.join(get_args(Dtype))}, got {request.dtype!r}")
    counts = {"gpus": request.gpus, "batch": request.batch, "run-gpus": request.run_gpus}
    for name, count in counts.items():
        if count is not None and not 1 <= count <= MOST:
            raise UserError(f"--{name} must be between 1 and {MOST:,}, got {count}")
    if not 0 < request.efficiency <= 1:
        raise UserError(f"--efficiency must be above 0 and at most 1, got {request.efficiency}")
    if not 0 < request.run_days <= MOST:
        raise UserError(f"--run-days must be above 0 and at most {MOST:,}, got {request.run_days}")
    for name, price in {"price": request.price, "run-price": request.run_price}.items():
        if price is not None and not (price > 0 and math.isfinite(price)):
            raise UserError(f"--{name} must be a number of dollars above 0, got {price}")
    return GPUS[request.gpu.upper()]
