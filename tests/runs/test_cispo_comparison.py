"""The controlled comparison: many models in one are those models, and arms differ by rule alone."""

from __future__ import annotations

import importlib.util
import json
import sys
import warnings
from collections import deque
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from ostinato.base.errors import UserError
from ostinato.models.m1 import M1
from ostinato.rl.losses import unified
from ostinato.rl.token_rule import TokenRule

RUNS = Path(__file__).parents[2] / "runs"
sys.path.insert(0, str(RUNS))

from cispo_comparison import (  # noqa: E402
    cells,
    drawing,
    play,
    probe,
    sampler,
    stack,
    store,
    summary,
    tasks,
    warm,
)
from cispo_comparison.learner import Batch, Learner  # noqa: E402

TINY = {"hidden_size": 16, "num_heads": 2, "head_dim": 8, "intermediate_size": 8}
SMALL = tasks.Task("fork", terms=3, width=1, apart=8)


def _script() -> ModuleType:
    """The script by its path: by its name it is the package beside it."""
    spec = importlib.util.spec_from_file_location("cispo_script", RUNS / "cispo_comparison.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["cispo_script"] = module
    spec.loader.exec_module(module)
    return module


script = _script()
FEW: dict[str, Any] = TINY | {"attention": ("lightning", "softmax"), "initializer_range": 0.3}


def fresh(count: int, attention: str = "hybrid", **changes: Any) -> stack.Stack:
    config = stack.make_config(attention, **(TINY | {"initializer_range": 0.3} | changes))
    made = stack.Stack(config, count, "cpu")
    made.fresh(range(count))
    return made


def some_batch(models: int, rows: int, seed: int = 0) -> Batch:
    rng = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, 16, (models, rows, SMALL.prompt + SMALL.answer), generator=rng)
    mask = torch.rand(models, rows, SMALL.answer, generator=rng) < 0.7
    advantages = torch.randn(models, rows, generator=rng)
    old = -3 + torch.randn(models, rows, SMALL.answer, generator=rng)
    return Batch(ids, mask, advantages, old)


@pytest.mark.parametrize("attention", ["hybrid", "softmax"])
def test_a_stack_is_its_models(attention: str) -> None:
    told = probe.differences(attention, "cpu", **TINY)
    assert told["forward"] < 1e-5 and told["step"] < 1e-4


def test_an_update_is_that_of_each_model_by_torch() -> None:
    rules = [cells.ARMS["dapo"], cells.ARMS["cispo"], cells.ARMS["reinforce"]]
    made, batch = fresh(3), some_batch(3, 8)
    before = [made.state(m) for m in range(3)]
    learner = Learner(made, rules, (4, SMALL.prompt, SMALL.answer), tokens=3 * 2 * 9)
    assert learner.part == 2  # gradients are summed over two parts
    learner.rate.copy_(torch.tensor([[1e-3], [2e-3], [3e-3]]))
    turns = torch.stack(
        [torch.randperm(8, generator=torch.Generator().manual_seed(m)) for m in range(3)]
    )
    for rows in turns.chunk(2, 1):
        learner.update(batch, rows)
    for m, rule in enumerate(rules):
        model = M1(made.config)
        model.load_state_dict(before[m], strict=False)
        rate = (1e-3, 2e-3, 3e-3)[m]
        adam = torch.optim.AdamW(model.parameters(), rate, (0.9, 0.95), 1e-15, weight_decay=0.0)
        for rows in turns[m].chunk(2):
            ids = batch.ids[m, rows]
            logits = model(ids[:, :-1])[:, SMALL.prompt - 1 :].log_softmax(-1)
            logprobs = logits.gather(-1, ids[:, SMALL.prompt :, None])[..., 0]
            wide = batch.advantages[m, rows, None]
            loss, _ = unified(logprobs, batch.old[m, rows], wide, batch.mask[m, rows], rule=rule)
            adam.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            adam.step()
        after = made.state(m)
        for name, parameter in model.named_parameters():
            torch.testing.assert_close(after[name], parameter.detach(), atol=2e-5, rtol=1e-3)
            assert name.endswith("gate.weight") or not torch.equal(after[name], before[m][name])


def test_models_without_a_token_stay_as_they_are() -> None:
    made, batch = fresh(2), some_batch(2, 4)
    batch.mask[1] = False
    before = made.flat.clone()
    learner = Learner(made, [TokenRule.cispo()] * 2, (4, SMALL.prompt, SMALL.answer))
    learner.rate.fill_(1e-2)
    learner.update(batch, torch.arange(4).expand(2, 4))
    assert torch.equal(made.flat[1], before[1]) and not torch.equal(made.flat[0], before[0])


def test_what_is_drawn_has_the_probability_that_the_forward_pass_gives() -> None:
    made = fresh(2)
    drawer = sampler.Sampler(made, SMALL, prompts=2, group=3)
    terms = np.array([[1, 2, 3], [9, 9, 9]])
    prompts, targets = (
        torch.from_numpy(x).expand(2, -1, -1) for x in (SMALL.prompts(terms), SMALL.targets(terms))
    )
    noise = torch.rand(SMALL.answer, 2, 6, generator=torch.Generator().manual_seed(0))
    rollout = drawer.run(prompts, targets, noise)
    again = drawer.run(prompts, targets, noise)
    learner = Learner(made, [TokenRule.cispo()] * 2, (6, SMALL.prompt, SMALL.answer))
    logprobs, _ = learner.observe(rollout.ids)
    torch.testing.assert_close(rollout.logprobs, logprobs, atol=1e-4, rtol=1e-4)
    assert torch.equal(rollout.ids, again.ids)
    assert torch.equal(rollout.ids[:, :3, : SMALL.prompt], prompts[:, :1].expand(2, 3, -1))
    forced = drawer.run(prompts, targets, noise, forced=True)
    assert bool((forced.ids[..., SMALL.prompt] == tasks.FORK).all())
    first = rollout.ids[..., SMALL.prompt] == tasks.FORK
    torch.testing.assert_close(
        rollout.fork[first], logprobs[..., 0].exp()[first], atol=1e-4, rtol=1e-4
    )


def test_only_what_stands_right_before_the_first_end_is_graded() -> None:
    rows = ["F123.", "3.___", "13.3.", "F12.3", "3____", ".3___", "3.9._"]
    ids = torch.tensor([[tasks.CHARACTERS.index(c) for c in row] for row in rows])
    graded = sampler.graded(ids, torch.full((len(rows), 1), 3))
    assert graded.tolist() == [1, 1, 1, 0, 0, 0, 1]
    wide = torch.tensor(
        [[tasks.CHARACTERS.index(c) for c in row] for row in ("+07.", "-07.", "07.+")]
    )
    assert sampler.graded(wide, torch.tensor([[tasks.PLUS, 0, 7]] * 3)).tolist() == [1, 0, 0]


def test_traces_lead_to_the_answer_in_both_tasks() -> None:
    chain = tasks.Task("chain", 3, 2, np.array([[4, 9, -7]]))
    terms, traced = np.array([[4, 9, -7]] * 2), np.array([True, False])
    assert [tasks.text(row) for row in chain.answers(terms, traced)] == ["F041306.", "06._____"]
    assert tasks.text(chain.prompts(terms)[0]) == "+4+9-7="
    assert tasks.text(chain.targets(terms)[0]) == "06"
    assert (chain.prompt, chain.answer) == (7, 8)
    assert tasks.text(SMALL.answers(np.array([[9, 9, 9]]), traced[:1])[0]) == "F987."


def test_groups_of_equal_rewards_are_dropped_and_the_others_have_unit_spread() -> None:
    rewards = torch.tensor([[[1.0, 1, 1, 1], [0, 0, 0, 0], [1, 0, 0, 0]]])
    advantages, kept = play.group_advantages(rewards)
    assert kept.tolist() == [[False, False, True]]
    assert not advantages[0, :2].any()
    torch.testing.assert_close(advantages[0, 2].square().mean(), torch.tensor(1.0))


def _tiny_cell(updates: int, batches: int, arms: tuple[str, ...] = tuple(cells.ARMS)) -> cells.Cell:
    members = tuple(cells.Member(arm, warm, 7, 1e-3) for arm in arms for warm in (0, 1))
    return cells.Cell("main", "fork", updates, members, batches)


def _play(cell: cells.Cell) -> play.Played:
    starts = [fresh(2, **FEW).state(m) for m in range(2)]
    game = play.Game(
        cell, SMALL, starts, device="cpu", graphs=False, prompts=4, group=8, changes=FEW
    )
    return deque(game.play(), maxlen=1).pop()


def test_arms_coincide_with_one_update_a_batch_and_not_with_many() -> None:
    once, often = _play(_tiny_cell(1, 3)), _play(_tiny_cell(8, 3))
    assert max(row.max() for row in once.metrics["spread"]) < 1e-6
    assert max(row.max() for row in once.metrics["norm"]) > 0  # something was learnt
    assert often.metrics["spread"][-1].max() > 1e-5
    masked = np.stack(often.metrics["masked"])
    assert masked[:, :2].max() > 0 and not masked[:, 4:6].any()  # GRPO's mask, and CISPO's none


def test_a_cell_is_kept_and_summed_up(tmp_path: Path) -> None:
    cell = _tiny_cell(2, 6, ("cispo", "dapo", "grpo"))
    played = _play(cell)
    path = store.save(tmp_path, cell, played, {"device": "cpu"})
    kept = store.load(path)
    assert kept.complete and kept.members == cell.members
    assert {name: values.shape for name, values in kept.metrics.items()} == dict.fromkeys(
        play.METRICS, (6, 6)
    )
    assert len(kept.told["held_out"]) == 6
    told = summary.summary(tmp_path)
    assert told["equal"] == {}  # only planned degrees are told
    runs = {arm: summary.runs(kept, arm) for arm in ("cispo", "dapo")}
    compared = summary.compared(runs["cispo"], runs["dapo"])
    assert set(compared) == {"pairs", "wins", "auc", "speed_up", "never"} and compared["pairs"] == 2


def _kept(tmp_path: Path, cell: cells.Cell, curve: Any) -> None:
    played = play.Played()
    for number in range(cell.batches):
        row = np.array([curve(member, number) for member in cell.members], dtype=np.float32)
        for name in play.METRICS:
            played.metrics[name].append(row)
        played.seconds.append(1.0)
    played.held_out = [0.9] * len(cell.members)
    store.save(tmp_path, cell, played, {"device": "none"})


def test_the_summary_finds_the_difference_and_the_speed_up_that_were_put_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slope = {"cispo": 0.06, "dapo": 0.03, "grpo": 0.03, "unified": 0.06, "reinforce": 0.03}

    def curve(member: cells.Member, number: int) -> float:
        rate = {1e-4: 1.0, 3e-5: 0.5, 3e-4: 2.0 if member.arm == "grpo" else 0.2}[member.rate]
        return min(1.0, 0.1 + 0.001 * member.warm + rate * slope[member.arm] * number)

    for made in (cells.main("fork", 16), cells.tuning("fork", 16)):
        _kept(tmp_path, made, curve)
    told = summary.summary(tmp_path)
    assert told["rates"]["fork-u16"]["chosen"] == dict.fromkeys(cells.ARMS, 1e-4) | {"grpo": 3e-4}
    assert told["tuned"] == {}  # GRPO's own rate has not been run yet
    pair = told["equal"]["fork-u16"]["pairs"]["cispo-dapo"]
    assert pair["pairs"] == pair["wins"] == 6
    assert 0 < pair["auc"]["low"] <= pair["auc"]["value"] <= pair["auc"]["high"]
    assert pair["speed_up"]["value"] == pytest.approx(2.0, abs=0.02)
    even = told["equal"]["fork-u16"]["pairs"]["dapo-grpo"]["auc"]
    assert even["low"] <= 0 <= even["high"]
    rates = told["rates"]["fork-u16"]["chosen"]
    _kept(tmp_path, cells.tuned("fork", 16, rates), curve)
    tuned = summary.summary(tmp_path)["tuned"]["fork-u16"]
    assert tuned["pairs"]["cispo-grpo"]["speed_up"]["value"] == pytest.approx(1.0, abs=0.05)
    assert summary.lines(summary.summary(tmp_path))
    bounded = told["equal"]["fork-u16"]["arms"]["cispo"]
    assert set(bounded["intervals"]) == {"auc", "final", "held_out"}
    assert all(x["low"] <= bounded[n] <= x["high"] for n, x in bounded["intervals"].items())
    monkeypatch.setattr(script, "RESULTS", tmp_path)
    script.main(["summary", str(tmp_path), "--hardware", "a lathe", "--commit", "abc"])
    kept = json.loads(next(tmp_path.glob("cispo-comparison-*.json")).read_text(encoding="utf-8"))
    assert (
        kept["hardware"] == "a lathe" and kept["equal"]["fork-u16"]["pairs"]["cispo-dapo"] == pair
    )


def test_the_cells_that_are_kept_say_what_the_results_say() -> None:
    """Cells are small files; the tables in ``docs/rl.md`` are of these."""
    (folder,) = (path for path in script.RESULTS.glob("cispo-comparison-*") if path.is_dir())
    kept = json.loads(folder.with_suffix(".json").read_text(encoding="utf-8"))
    told = json.loads(json.dumps(summary.summary(folder)))
    assert {key: kept[key] for key in told} == told
    assert all(path.stat().st_size < 40_000 for path in folder.iterdir())


def test_a_run_that_falls_has_collapsed_and_one_that_never_rises_reaches_no_goal() -> None:
    rises = np.linspace(0, 0.9, 10, dtype=np.float32)
    falls = np.concatenate([rises, np.full(5, 0.5, dtype=np.float32)])
    assert summary.of_run(falls)["collapsed"] == 1.0 and summary.of_run(rises)["collapsed"] == 0.0
    assert summary.of_run(rises)["to_goal"] == pytest.approx(8.0, abs=1e-5)
    assert summary.of_run(rises[:5])["to_goal"] == float("inf")


def test_the_interval_draws_warm_starts_before_seeds() -> None:
    """Seeds that agree within warm starts do not make the interval narrow."""
    apart = {(w, s): [float(w)] for w in range(3) for s in range(2)}
    value, low, high = summary.interval(apart, lambda rows: rows[..., 0].mean(1))
    assert value == 1.0 and low == 0.0 and high == 2.0


def test_a_band_is_the_interval_of_each_batch() -> None:
    apart = {(w, s): [float(w), 3.0, float(s)] for w in range(3) for s in range(2)}
    low, high = summary.band(apart)
    assert (low[0], high[0]) == (0.0, 2.0) and low[1] == high[1] == 3.0 and 0 < low[2] < high[2] < 1
    for place in range(3):
        value, *limits = summary.interval(apart, lambda rows, at=place: rows[..., at].mean(1))
        assert limits == [low[place], high[place]] and low[place] <= value <= high[place]


def test_what_was_run_is_drawn_and_the_rest_stays_empty(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run it first"):
        drawing.draw(tmp_path, tmp_path)
    _kept(tmp_path, cells.main("fork", 16), lambda member, number: min(1.0, 0.05 * number))
    _kept(tmp_path, cells.control(), lambda member, number: 0.1)
    paths = drawing.draw(tmp_path, tmp_path)
    assert [path.name for path in paths] == ["cispo_equal.png", "cispo_tuned.png", "cispo_twin.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)


@pytest.fixture
def tiny_session(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setattr(script.tasks, "load_task", lambda name, data: SMALL)
    monkeypatch.setattr(cells, "WARM", (0, 1))
    monkeypatch.setitem(cells.BATCHES, 1, 2)
    monkeypatch.setattr(stack, "SIZES", stack.SIZES | FEW)
    recipe = warm.WarmRecipe(rows=8, steps=4, check=2, after=2, warm_up=1, prompts=2, group=2)
    monkeypatch.setattr(warm, "WarmRecipe", lambda: recipe)
    monkeypatch.setattr(store.Times, "SETUP", 0.0)
    monkeypatch.setattr(store.Times, "WARM", 0.0)
    real = play.Game
    small = lambda *a, **k: real(*a, **k, prompts=2, group=4)  # noqa: E731
    monkeypatch.setattr(script, "Game", small)
    return lambda seconds: script.Session(
        tmp_path, (tmp_path,), "cpu", False, script.time.monotonic() + seconds
    )


def test_a_run_warms_up_saves_and_does_not_do_things_twice(
    tiny_session: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script.run(tiny_session(1), ["control-fork-u1"])
    assert "are left" in capsys.readouterr().out and not list(tmp_path.glob("*.npz"))
    script.run(tiny_session(500), ["control-fork-u1"])
    path = tmp_path / "control-fork-u1.npz"
    files = {p.name: p.stat().st_mtime_ns for p in tmp_path.glob("*") if p.suffix != ".json"}
    assert set(files) == {path.name, *(f"warm-fork-hybrid-{i}.safetensors" for i in (0, 1))}
    assert store.load(path).complete
    script.run(tiny_session(500), ["control-fork-u1", "tuned-fork-u16"])
    assert files == {
        p.name: p.stat().st_mtime_ns for p in tmp_path.glob("*") if p.suffix != ".json"
    }
    told = warm.told_of(tmp_path / "warm-fork-hybrid-0.safetensors")
    assert told["task"] == "fork" and len(told["given_fork"]) == 2
    control = summary.summary(tmp_path)["control"]
    assert max(control["spread"].values()) < 1e-6


def test_what_is_cut_short_keeps_its_batches(tmp_path: Path) -> None:
    cell = _tiny_cell(1, 5, ("cispo",))
    starts = [fresh(2, **FEW).state(m) for m in range(2)]
    game = play.Game(
        cell, SMALL, starts, device="cpu", graphs=False, prompts=2, group=4, changes=FEW
    )
    ticks = iter(range(100))
    played = list(game.play(until=7.0, clock=lambda: float(next(ticks))))[-1]
    assert 0 < played.batches < 5 and played.held_out is None
    kept = store.load(store.save(tmp_path, cell, played, {}))
    assert not kept.complete and len(kept.metrics["accuracy"]) == played.batches


def test_the_plan_prices_every_cell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        script.plan(tmp_path)
    told = capsys.readouterr().out
    assert all(name in told for name in cells.order())
    assert len({cells.named(name).name for name in cells.order()}) == len(cells.order())


def test_the_probe_times_each_shape(
    tiny_session: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(probe, "load_task", lambda name, data: SMALL)
    monkeypatch.setattr(probe, "SHAPES", ("control-fork-u1",))
    monkeypatch.setattr(probe, "WarmRecipe", warm.WarmRecipe)
    monkeypatch.setattr(probe, "Game", script.Game)
    monkeypatch.setattr(probe, "PROMPTS", 2)
    probe.probe(tmp_path, tmp_path, device="cpu", graphs=False)
    cell = cells.control()
    assert store.Times(tmp_path).batch(cell) < 60
    assert store.Times(tmp_path).known[cell.shape] > 0
