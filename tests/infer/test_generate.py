"""A language model's answers against full passes of the model, alone and in a batch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from ostinato.base.errors import UserError
from ostinato.chat.encode import encode_chat
from ostinato.chat.messages import Message
from ostinato.infer import language as module
from ostinato.infer.language import LanguageModel
from ostinato.infer.prefill import prefill
from ostinato.infer.requests import Confidence, Finish, Request, Sampling
from ostinato.infer.writer import CLOSING
from ostinato.models.m1 import M1
from tiny_language import full_logprobs, tiny_language, tiny_m1, tiny_tokenizer

pytestmark = pytest.mark.usefixtures("one_thread")

GREEDY = Sampling(temperature=0)
TEXTS = ("The melody", "Is 91 a prime? " * 9, "Ü", "repeats, and repeats again: an")


@pytest.fixture(scope="module")
def language() -> LanguageModel:
    return tiny_language()


def requests(language: LanguageModel, **options: Any) -> list[Request]:
    """Prompts of very different lengths, and answers that end at different times."""
    shared = {"confidence": None} | options
    return [
        language.text_request(text, max_tokens=8 + 5 * i, **shared) for i, text in enumerate(TEXTS)
    ]


def test_greedy_is_the_likeliest_token_of_a_full_pass(language: LanguageModel) -> None:
    for request in requests(language, sampling=GREEDY):
        (found,) = language.generate([request])
        expected = full_logprobs(language.model, request.prompt, found.tokens).argmax(-1)
        assert found.tokens == tuple(expected.tolist())


@pytest.mark.parametrize("layers", [2, 3])
@pytest.mark.parametrize("sampling", [GREEDY, Sampling(seed=3), Sampling(top_k=9, seed=4)])
def test_a_request_gets_in_a_batch_what_it_gets_alone(layers: int, sampling: Sampling) -> None:
    language = tiny_language(layers=layers, seed=layers)
    asked = requests(language, sampling=sampling, thinking_budget=3)
    alone = [language.generate([request])[0] for request in asked]
    assert len({len(found.tokens) for found in alone}) > 2
    for order in ([0, 1, 2, 3], [3, 1, 0], [2, 2, 1]):
        together = language.generate([asked[i] for i in order])
        for i, found in zip(order, together, strict=True):
            assert replace(found, logprobs=()) == replace(alone[i], logprobs=())
            assert found.logprobs == pytest.approx(alone[i].logprobs, abs=1e-4)


def test_a_seed_decides_whatever_the_batch_mates_do(language: LanguageModel) -> None:
    fixed = language.text_request("The", sampling=Sampling(seed=11), max_tokens=12)
    expected = language.generate([fixed])[0].tokens
    for other in (0, 1):
        mate = language.text_request("Is 91", sampling=Sampling(seed=other), max_tokens=9 + other)
        assert language.generate([mate, fixed])[1].tokens == expected
    fresh = replace(fixed, sampling=Sampling())
    assert len({found.tokens for found in language.generate([fresh] * 3)}) == 3


@pytest.mark.parametrize("sampling", [GREEDY, Sampling(seed=5, temperature=1.8, top_p=0.5)])
def test_logprobs_are_the_models_own(language: LanguageModel, sampling: Sampling) -> None:
    """At temperature 1, before the filters, for forced tokens too."""
    request = language.text_request(
        "Why?<think>", sampling=sampling, max_tokens=30, thinking_budget=4
    )
    (found,) = language.generate([request])
    rows = full_logprobs(language.model, request.prompt, found.tokens)
    expected = rows.gather(1, torch.tensor(found.tokens)[:, None])[:, 0]
    assert found.logprobs == pytest.approx(expected.tolist(), abs=1e-4)
    assert any(found.forced) and min(found.logprobs) < -1


def test_streaming_is_the_whole_in_parts(language: LanguageModel) -> None:
    for i, request in enumerate(requests(language, sampling=Sampling(seed=1), stop=("e", " "))):
        (whole,) = language.generate([request])
        stream = language.stream(request)
        deltas = list(stream)
        assert stream.completion() == whole
        assert "".join(delta.text for delta in deltas) == whole.text
        assert [delta.finish for delta in deltas[:-1]] == [None] * (len(deltas) - 1)
        assert deltas[-1].finish is whole.finish, i
        assert "e" not in whole.text and " " not in whole.text


def test_a_budget_in_a_running_model(language: LanguageModel) -> None:
    tokenizer = tiny_tokenizer()
    request = language.text_request(
        "Why?\n<think>\n", sampling=Sampling(seed=3), thinking_budget=7, max_tokens=40
    )
    free = language.generate([replace(request, thinking_budget=None)])[0]
    found = language.generate([request])[0]
    assert not free.budget_reached and free.thinking_tokens > 7 and not any(free.forced)
    assert (found.budget_reached, found.thinking_tokens) == (True, 7)
    closing = tuple(tokenizer.encode(CLOSING))
    assert found.tokens[7 : 7 + len(closing)] == closing
    assert found.tokens[:7] == free.tokens[:7]
    assert found.forced == tuple(7 <= i < 7 + len(closing) for i in range(len(found.tokens)))
    assert len(found.tokens) > 7 + len(closing)


def test_a_conversation_with_thinking_in_the_question_is_not_thinking_yet() -> None:
    language = tiny_language()
    reply = language.chat(
        [Message("user", "<think>"), Message("assistant", "a"), Message("user", "<think>")],
        sampling=Sampling(seed=0),
        thinking_budget=0,
        max_tokens=6,
    )
    assert reply.completion.thinking_tokens == 0 and not reply.completion.budget_reached
    assert reply.parsed.content == reply.completion.text
    asked = language.chat_request([Message("user", "hi")])
    assert list(asked.prompt) == encode_chat(tiny_tokenizer(), [Message("user", "hi")])


def test_confidence_is_measured_on_the_models_probability(language: LanguageModel) -> None:
    request = language.text_request("The", sampling=GREEDY, max_tokens=30)
    (free,) = language.generate([replace(request, confidence=None)])
    probabilities = torch.tensor(free.logprobs).exp()
    threshold = float(probabilities.median())
    sure = probabilities > threshold
    runs = [i + 1 for i in range(1, len(sure)) if sure[i] and sure[i - 1]]
    assert runs and not bool(sure.all())
    stop = Confidence(tokens=2, probability=threshold)
    (found,) = language.generate([replace(request, confidence=stop)])
    assert found.finish is Finish.CONFIDENT
    assert found.tokens == free.tokens[: runs[0]]


def test_the_context_is_filled_to_its_last_token() -> None:
    language = tiny_language(max_position_embeddings=20, seed=1)
    request = language.text_request("The", sampling=GREEDY, max_tokens=99, confidence=None)
    (found,) = language.generate([request])
    assert found.finish is Finish.LENGTH
    assert len(request.prompt) + len(found.tokens) == 20
    full = Request(prompt=request.prompt + found.tokens[:-1], sampling=GREEDY)
    (last,) = language.generate([full])
    assert (last.tokens, last.finish) == (found.tokens[-1:], Finish.LENGTH)


def test_the_end_of_sentence_ends() -> None:
    language = tiny_language()
    wanted = tiny_tokenizer().eos
    with torch.no_grad():
        language.model.lm_head.weight[wanted] = 0
        hidden = language.model.encode(torch.tensor([[5, 6]])).hidden[0, -1]
        language.model.lm_head.weight[wanted] = 9 * hidden
    (found,) = language.generate([Request(prompt=(5, 6), sampling=GREEDY)])
    assert (found.tokens, found.text, found.finish) == ((wanted,), "", Finish.EOS)


def test_rows_of_the_vocabulary_that_are_no_tokens_are_never_written() -> None:
    """The published model has more rows than its tokenizer has tokens."""
    size = tiny_tokenizer().vocab_size
    language = tiny_language(vocab_size=size + 200)
    request = language.text_request("The", max_tokens=60, confidence=None)
    for sampling in (GREEDY, Sampling(seed=0, temperature=2.0, top_p=1)):
        (found,) = language.generate([replace(request, sampling=sampling)])
        assert max(found.tokens) < size
        rows = full_logprobs(language.model, request.prompt, found.tokens)
        assert int(rows.argmax(-1).max()) >= size  # the model would have
        expected = rows.gather(1, torch.tensor(found.tokens)[:, None])[:, 0]
        assert found.logprobs == pytest.approx(expected.tolist(), abs=1e-4)


def test_prefill_does_not_depend_on_the_chunk(language: LanguageModel) -> None:
    prompts = [torch.tensor(request.prompt) for request in requests(language)]
    expected = [full_logprobs(language.model, prompt.tolist(), [0])[0] for prompt in prompts]
    for chunk in (1, 7, 30, None):
        cache = language.model.make_cache(6)
        slots = [5, 0, 3, 2]
        logits = prefill(language.model, prompts, cache, slots, chunk=chunk)
        assert torch.allclose(logits.log_softmax(-1), torch.stack(expected), atol=1e-4)
        assert [cache.lengths[slot] for slot in slots] == [len(prompt) for prompt in prompts]
        assert cache.lengths[1] == cache.lengths[4] == 0


@pytest.mark.parametrize(
    ("narrow", "long", "expected"), [(16, 0, (1, 1)), (16, -1, (3, 1)), (15, 0, (3, 3))]
)
def test_a_narrow_model_works_by_one_thread(
    monkeypatch: pytest.MonkeyPatch, narrow: int, long: int, expected: tuple[int, int]
) -> None:
    """All but its long prompts; whoever reads the answer meanwhile has the threads of before."""
    language = LanguageModel("tiny", tiny_m1(hidden_size=16), tiny_tokenizer())
    monkeypatch.setattr(module, "NARROW", narrow)
    # Greedy: one that is drawn might be the end at once, and nothing be written.
    request = language.text_request("Is 91 a prime?", max_tokens=4, sampling=GREEDY)
    monkeypatch.setattr(module, "LONG", len(request.prompt) + long)
    seen: list[tuple[bool, int]] = []
    encode = M1.encode

    def watched(self: M1, tokens: torch.Tensor, *given: Any, **more: Any) -> Any:
        seen.append((tokens.shape[1] > 1, torch.get_num_threads()))
        return encode(self, tokens, *given, **more)

    monkeypatch.setattr(M1, "encode", watched)
    torch.set_num_threads(3)
    try:
        for _ in language.stream(request):
            assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(1)
    reading, writing = expected
    assert {*seen} == {(True, reading), (False, writing)}


def test_no_requests(language: LanguageModel) -> None:
    assert language.generate([]) == []


def test_prompts_that_cannot_be(language: LanguageModel) -> None:
    size = tiny_tokenizer().vocab_size
    for bad in (-1, size):
        with pytest.raises(UserError, match=f"^token id {bad} is outside of this model's vocabul"):
            language.generate([Request(prompt=(5, bad))])
        with pytest.raises(UserError, match=r"^token id"):  # at once, not at the first token
            language.stream(Request(prompt=(bad,)))
    small = tiny_language(max_position_embeddings=4)
    with pytest.raises(UserError, match=r"^the prompt has 5 tokens and leaves no room .* of 4:"):
        small.generate([Request(prompt=(5,) * 5)])


@pytest.mark.parametrize("sampling", [GREEDY, Sampling()])
def test_a_model_that_is_not_a_number(sampling: Sampling) -> None:
    model = tiny_m1()
    with torch.no_grad():
        model.model.norm.weight[0] = torch.nan
    language = LanguageModel("broken", model, tiny_tokenizer())
    with pytest.raises(UserError, match=r"^the model's output is not a number: its weights are"):
        language.generate([Request(prompt=(5,), sampling=sampling)])
