"""``ostinato plan``: what a model costs to hold, to run and to train, before anything is rented."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from ostinato.jobs.plan_cluster import USABLE, Speed
from ostinato.jobs.plan_numbers import (
    CONTEXT,
    REPORT_DOLLARS,
    Plan,
    PlanRequest,
    comparable,
    make_plan,
    report_price,
    to_json,
)
from ostinato.jobs.show import Row, console, counted, percent, print_json, printable, table
from ostinato.models.m1.cost import base_flops, kv_bytes, position_flops, state_bytes
from ostinato.models.m1.peers import CLAIMS, QWEN3, R1_ABSORBED, plotted_ratio

_LIMITS = {"memory": "memory's bandwidth", "arithmetic": "arithmetic"}


def plan(request: PlanRequest) -> None:
    """Work it out, tell it, and draw ``picture`` where one is asked for."""
    made = make_plan(request)
    if request.picture is not None:
        from ostinato.jobs.plan_picture import draw

        longest = min(CONTEXT, made.config.max_position_embeddings)
        peers = comparable(made.parameters)
        draw(request.picture, made.config, made.model, longest, peers=peers)
    if request.as_json:
        print_json(to_json(made))
    else:
        _show(made, request.picture)


def _show(plan: Plan, picture: Path | None) -> None:
    out = console()
    _parameters(out, plan)
    _work(out, plan)
    _memory(out, plan)
    _speed(out, plan)
    _run(out, plan)
    if picture is not None:
        out.print(f"FLOPs by length: {printable(str(picture))}", markup=False)


def amount(value: float, unit: str) -> str:
    """Three digits and a metric prefix: ``912 GB``."""
    prefixes = iter("kMGTPE")
    prefix = ""
    while value >= 999.5 and (larger := next(prefixes, "")):
        value, prefix = value / 1000, larger
    digits = 0 if not prefix or value >= 99.95 else 1 if value >= 9.995 else 2
    return f"{value:,.{digits}f} {prefix}{unit}"


def _parameters(out: Console, plan: Plan) -> None:
    count = plan.parameters
    parts = ("embedding", "lightning", "softmax", "routers", "experts", "norms", "head")
    used = {"embedding": 0, "experts": count.chosen_experts}
    rows: list[Row] = []
    for name in parts:
        total = int(getattr(count, name))
        rows.append((name, f"{total:,}", f"{used.get(name, total):,}"))
    rows.append(("together", f"{count.total:,}", f"{count.active_with_head:,}"))
    title = f"{escape(printable(plan.model))}: parameters"
    out.print(table(("", "total", "for each token"), rows, title=title))
    out.print(f"active without the head, as published models are counted: {count.active:,}")


def _work(out: Console, plan: Plan) -> None:
    config = plan.config
    columns = ["tokens", "last token", "generate", "read", "softmax only"]
    peers = bool(plan.work and plan.work[0].peers)
    columns += ["R1 expanded", "R1 absorbed", "Qwen3", "plotted R1"] * peers
    rows: list[Row] = []
    for row in plan.work:
        cells = [f"{row.tokens:,}", f"{row.at_last_token:.2e}", f"{row.generated:.2e}"]
        cells += [f"{row.prefill:.2e}", percent(row.softmax_only)]
        cells += [percent(share) for share in (row.peers or {}).values()]
        if peers:
            cells.append(percent(row.plotted["r1"]) if row.plotted else "")
        rows.append(cells)
    if rows:
        out.print(table(columns, rows, title="FLOPs by length, and as a share of others' FLOPs"))
    out.print(
        f"a token costs {base_flops(config):.4g} FLOPs, and {position_flops(config):,} more for "
        "each token before it"
    )
    if peers:
        told = ", ".join(
            f"at {kilo}K {claim.text} of R1 (its own figure {percent(plotted_ratio(kilo))})"
            for kilo, claim in CLAIMS.items()
        )
        out.print(f"the report's text: {told}")


def _memory(out: Console, plan: Plan) -> None:
    load, needed, cluster, config = plan.load, plan.memory, plan.cluster, plan.config
    of_each = f"{counted(load.batch, 'sequence', 'sequences')} of {load.context:,} tokens"
    rows: list[Row] = [
        (f"weights, {load.dtype}", amount(needed.weights, "B")),
        (f"lightning state, {amount(state_bytes(config), 'B')} each", amount(needed.state, "B")),
        (f"keys and values, {kv_bytes(config):,} B/token", amount(needed.keys_and_values, "B")),
        ("together", amount(needed.total, "B")),
    ]
    out.print(table(("", "bytes"), rows, title=f"Memory: {of_each}"))
    if plan.work and plan.work[0].peers:
        cached = (f"{peer.name} {peer.cache:,} B/token" for peer in (R1_ABSORBED, QWEN3))
        out.print(f"beside: {'; '.join(cached)}")
    kind = cluster.gpu.name
    share = f"{100 * USABLE:g} % of their memory"
    room = f"{cluster.count} {kind} hold {amount(cluster.usable, 'B')} ({share})"
    if plan.fits:
        longest = counted(plan.most_sequences, "such sequence", "such sequences")
        out.print(f"{room}: fits (needs {plan.gpus_needed}), with room for {longest}")
    else:
        out.print(f"{room}: does not fit (needs {plan.gpus_needed})")


def _speed(out: Console, plan: Plan) -> None:
    cluster, load = plan.cluster, plan.load
    if plan.decoding is None or plan.reading is None:
        out.print("no speed: a load that does not fit does not run")
        return
    rows = [
        _speed_row(f"decode, {counted(load.batch, 'sequence', 'sequences')}", plan.decoding),
        _speed_row(f"read {load.context:,} tokens", plan.reading),
    ]
    peaks = f"{100 * cluster.efficiency:g} % of their peaks"
    title = f"Speed at best: {cluster.count} {cluster.gpu.name}, {peaks}"
    columns = ("", "bytes", "FLOPs", "seconds", "limit", "tokens/s", "$/million tokens")
    out.print(table(columns, rows, title=title))
    out.print(
        f"${cluster.price:.2f} for a GPU and hour is an assumption (--price); GPUs' talk to each "
        "other is not counted"
    )


def _speed_row(name: str, speed: Speed) -> Row:
    seconds = f"{speed.seconds:.3g}"
    limit = _LIMITS[speed.limit]
    moved, flops = amount(speed.bytes_moved, "B"), f"{speed.flops:.2e}"
    rate, dollars = f"{speed.tokens_per_second:,.0f}", f"{speed.dollars_per_million:,.3g}"
    return (name, moved, flops, seconds, limit, rate, dollars)


def _run(out: Console, plan: Plan) -> None:
    run = plan.run
    out.print(
        f"a run of {run.gpus:,} GPUs for {run.days:g} days: {run.gpu_hours:,.0f} GPU hours at "
        f"${run.price:.2f} = ${run.dollars:,.0f}",
        markup=False,
    )
    out.print(
        f"the report's: 512 H800 for three weeks, ${REPORT_DOLLARS:,}, that is "
        f"${report_price():.2f} for a GPU and hour"
    )
