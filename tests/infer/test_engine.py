"""Conversations in static slots: what is told of them is what the model says of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ostinato.base.errors import UserError
from ostinato.infer.draws import uniform
from ostinato.infer.engine import LONG, Engine, EngineConfig, Written
from ostinato.infer.prefill import prefill
from ostinato.infer.requests import Confidence, Finish
from ostinato.models.m1 import M1, M1Config
from ostinato.rl.monitors import pearson

VOCABULARY = 24
END = 3
PROMPTS = [[5], [6, 7, 8, 9, 10, 11, 4], [5, 6, 7], [9] * 40, [5, 6, 7]]


@pytest.fixture(scope="module")
def model() -> M1:
    torch.manual_seed(1)
    config = M1Config.preset("tiny", vocab_size=VOCABULARY + 8, initializer_range=0.1)
    return M1(config).eval()


def engine(model: M1, slots: int = 3, **options: object) -> Engine:
    config = replace(EngineConfig(slots=slots, capacity=320, burst=5), **options)
    return Engine(model, [END], VOCABULARY, config)


def write_all(engine: Engine, prompts: list[list[int]], room: int = 60) -> list[Written]:
    numbers = [engine.begin(one, room=room, seed=i) for i, one in enumerate(prompts)]
    found: dict[int, Written] = {}
    while turns := engine.advance():
        for number, written in turns:
            found[number] = written
            engine.end(number)
    return [found[number] for number in numbers]


def logprobs_of(model: M1, ids: list[int], temperature: float = 1.0) -> torch.Tensor:
    with torch.no_grad():
        logits = model(torch.tensor([ids]))[0, :-1, :VOCABULARY] / temperature
    return logits.log_softmax(-1).gather(1, torch.tensor(ids)[1:, None])[:, 0]


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_the_model_says_of_a_turn_what_the_engine_told(model: M1, temperature: float) -> None:
    written = write_all(engine(model, temperature=temperature), PROMPTS)
    for prompt, one in zip(PROMPTS, written, strict=True):
        expected = logprobs_of(model, [*prompt, *one.tokens], temperature)[len(prompt) - 1 :]
        torch.testing.assert_close(torch.tensor(one.logprobs), expected, atol=1e-5, rtol=0)
        assert all(
            0 <= entropy <= torch.tensor(VOCABULARY).log() + 1e-4 for entropy in one.entropies
        )


def test_a_rounded_head_parts_sampler_and_trainer() -> None:
    """Figure 3 of MiniMax-M1's report, in small: what a head in bfloat16 costs."""
    torch.manual_seed(2)
    config = M1Config.preset("tiny", vocab_size=VOCABULARY + 8, initializer_range=0.1)
    model = M1(config).eval()
    with torch.no_grad():
        model.lm_head.weight.mul_(20)  # logits as far apart as a trained model's
    exact = correlation(model, write_all(engine(model), PROMPTS))
    head, logits = model.lm_head.weight.bfloat16(), model.logits
    model.logits = lambda hidden: (hidden.bfloat16() @ head.T).float()
    written = write_all(engine(model), PROMPTS)
    model.logits = logits
    rounded = correlation(model, written)
    assert 1 - exact < 1e-7
    assert 1 - rounded > 1e-5


def correlation(model: M1, written: list[Written]) -> float:
    """Of the probabilities that the sampler told with the trainer's."""
    told = [torch.tensor(one.logprobs) for one in written]
    trained = [
        logprobs_of(model, [*prompt, *one.tokens])[len(prompt) - 1 :]
        for prompt, one in zip(PROMPTS, written, strict=True)
    ]
    return pearson(*(torch.cat(side).double().exp().tolist() for side in (told, trained)))


def test_turns_end_where_they_must(model: M1) -> None:
    for one in write_all(engine(model), PROMPTS, room=60):
        assert len(one.tokens) <= 60
        assert END not in one.tokens[:-1]
        assert (one.tokens[-1] == END) == (one.finish is Finish.EOS)
        assert (one.finish is Finish.LENGTH) == (len(one.tokens) == 60 and one.tokens[-1] != END)


def test_what_is_written_does_not_depend_on_the_slots(model: M1) -> None:
    few, many = (write_all(engine(model, slots=n), PROMPTS) for n in (1, 5))
    assert [one.tokens for one in few] == [one.tokens for one in many]


def test_equal_prompts_with_unlike_seeds_go_their_own_ways(model: M1) -> None:
    written = write_all(engine(model), PROMPTS)
    assert written[2].tokens != written[4].tokens


def test_a_conversation_goes_on_from_its_memory(model: M1) -> None:
    made = engine(model, slots=2)
    number = made.begin(PROMPTS[1], room=20, seed=7)
    made.begin(PROMPTS[3], room=150, seed=8)
    ids = list(PROMPTS[1])
    places: list[tuple[int, float]] = []
    for answer in ([11, 12, 13], [4] * 30, [9, 8, 7, 6] * 20, None):
        written = None
        while written is None:
            written = dict(made.advance()).get(number)
        places += [(len(ids), one) for one in written.logprobs[:1]]
        ids += written.tokens
        if answer is not None:
            made.more(number, answer, room=20)
            ids += answer
    expected = logprobs_of(model, ids)
    for place, told in places:
        assert told == pytest.approx(float(expected[place - 1]), abs=1e-5)


def test_long_readings_wait_for_each_other(model: M1, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def counted(model: M1, parts: list[torch.Tensor], *given: object) -> torch.Tensor:
        calls.append(len(parts))
        return prefill(model, parts, *given)  # pyright: ignore[reportArgumentType]

    made = engine(model, slots=4)
    made.begin(PROMPTS[3], room=150, seed=8)
    short = [made.begin([5 + i, 6], room=2 + i, seed=i) for i in range(3)]
    turns = dict.fromkeys(short, 0)
    over = made.advance()  # which reads the prompts
    monkeypatch.setattr("ostinato.infer.engine.prefill", counted)
    while over:
        for number, _ in over:
            if number in turns and turns[number] < 2:
                turns[number] += 1
                made.more(number, [9] * LONG, room=3)
        over = made.advance()
    assert sum(calls) == 6
    assert len(calls) < 6


def test_conversations_that_move_together_keep_their_memory(model: M1) -> None:
    made = engine(model, slots=64)
    for seed in range(56):
        made.begin([5 + seed % 7, 6], room=1 + seed, seed=seed)
    kept = {
        made.begin([*prompt, 4], room=12, seed=i): [*prompt, 4] for i, prompt in enumerate(PROMPTS)
    }
    before = {number: made._conversations[number].slot for number in kept}
    told: dict[int, list[tuple[int, float]]] = {number: [] for number in kept}
    turns = dict.fromkeys(kept, 0)
    while over := made.advance():
        for number, written in over:
            if number not in kept:
                made.end(number)
                continue
            ids = kept[number]
            told[number] += enumerate(written.logprobs, start=len(ids))
            ids += written.tokens
            turns[number] += 1
            if turns[number] < 4:
                answer = [7 + turns[number]] * (60 if number % 2 else 2)
                made.more(number, answer, room=12)
                ids += answer
    slots = {number: made._conversations[number].slot for number in kept}
    assert all(slot is not None and slot < 16 for slot in slots.values())
    assert before != slots and len(set(slots.values())) == len(slots)
    for number, ids in kept.items():
        expected = logprobs_of(model, ids)
        for place, one in told[number]:
            assert one == pytest.approx(float(expected[place - 1]), abs=1e-5)


def test_confident_tokens_in_a_row_end_a_turn_at_the_last_of_them(model: M1) -> None:
    sure = replace(Confidence(), tokens=7, probability=0.0)
    (one,) = write_all(engine(model, confidence=sure), [PROMPTS[1]])
    assert len(one.tokens) <= 7
    assert one.finish is (Finish.EOS if one.tokens[-1] == END else Finish.CONFIDENT)
    never = replace(Confidence(), tokens=1, probability=0.9999)
    (one,) = write_all(engine(model, confidence=never), [PROMPTS[1]])
    assert one.finish is not Finish.CONFIDENT


def test_the_stop_for_repetition_wants_all_of_so_many_in_a_row_above_the_bound(model: M1) -> None:
    made = engine(model, slots=1, confidence=replace(Confidence(), tokens=30, probability=0.5))
    held = made._slots
    held.limit.fill_(10_000)
    held.active.fill_(True)

    def ends(probability: float) -> bool:
        rest = (1 - probability) / (VOCABULARY - 1)
        plain = torch.tensor([[probability, *[rest] * (VOCABULARY - 1)]]).log()
        made._judge(held, torch.tensor([True]), torch.tensor([0]), held.at + 1, plain)
        return bool(held.ended[0])

    assert not any(ends(0.51) for _ in range(29))
    assert not ends(0.5), "at the bound is not above it"
    assert not any(ends(0.51) for _ in range(29))
    assert ends(0.51)


def test_the_stop_for_repetition_looks_at_probabilities_before_temperature(model: M1) -> None:
    sure = replace(Confidence(), tokens=1, probability=0.9)
    cold = write_all(engine(model, temperature=0.01, confidence=sure), PROMPTS)
    assert {one.finish for one in cold} <= {Finish.EOS, Finish.LENGTH}
    said = [logprobs_of(model, [*p, *w.tokens]) for p, w in zip(PROMPTS, cold, strict=True)]
    assert all((one < torch.tensor(0.9).log()).all() for one in said), "none of them was that sure"


def test_draws_follow_the_probabilities(model: M1) -> None:
    count = 600
    prompts = [[5, 6]] * count
    first = [one.tokens[0] for one in write_all(engine(model, slots=64), prompts, room=1)]
    with torch.no_grad():
        expected = model(torch.tensor([[5, 6]]))[0, -1, :VOCABULARY].softmax(-1)
    found = torch.bincount(torch.tensor(first), minlength=VOCABULARY) / count
    deviation = (expected * (1 - expected) / count).sqrt()
    assert ((found - expected).abs() <= 4.5 * deviation + 1e-3).all()


def test_a_slot_that_was_used_before_has_no_memory_of_it(model: M1) -> None:
    made = engine(model, slots=1)
    write_all(made, [[9, 9, 9, 8]])
    again = write_all(made, [PROMPTS[1]])[0]
    assert again.tokens == write_all(engine(model, slots=1), [PROMPTS[1]])[0].tokens


def test_a_waiting_or_writing_conversation_can_be_ended(model: M1) -> None:
    made = engine(model, slots=1)
    first, second, third = (made.begin([5, i], room=200, seed=i) for i in (1, 2, 4))
    made.end(second)
    assert made.advance()[0][0] == first
    made.end(first)
    assert made.advance()[0][0] == third
    made.end(third)
    assert made.advance() == []


def test_what_has_no_room_is_refused(model: M1) -> None:
    with pytest.raises(UserError, match="beyond the engine's capacity of 320"):
        engine(model).begin([5] * 300, room=21, seed=0)
    with pytest.raises(UserError, match="slot"):
        EngineConfig(slots=0, capacity=10)


def test_uniform_numbers_are_uniform_and_apart() -> None:
    seeds = torch.arange(200).repeat_interleave(50) * 7919
    numbers = uniform(seeds, torch.arange(50).repeat(200))
    assert float(numbers.min()) >= 0
    assert float(numbers.max()) < 1
    assert abs(float(numbers.mean()) - 0.5) < 0.01
    assert abs(float(numbers.var()) - 1 / 12) < 0.003
    pairs = numbers.view(200, 50)
    assert (
        abs(
            float(
                torch.corrcoef(torch.stack([pairs[:, :-1].flatten(), pairs[:, 1:].flatten()]))[0, 1]
            )
        )
        < 0.04
    )
