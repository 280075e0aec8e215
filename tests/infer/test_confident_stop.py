"""The stop for repetition to the token: 3,000 in a row, above and not at, alone and in a batch."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import pytest

from ostinato.infer.requests import Confidence, Finish, Request, Sampling
from ostinato.rl.types import StopReason
from tiny_language import byte_tokenizer, bytes_writer, tiny_language

pytestmark = pytest.mark.usefixtures("one_thread")

TEXTS = ("The melody", "Is 91 a prime? ", "Ü")


def free_request(text: str) -> Request:
    language = tiny_language()
    greedy = Sampling(temperature=0)
    return language.text_request(text, sampling=greedy, max_tokens=40, confidence=None)


def first_stop(probabilities: list[float], confidence: Confidence) -> int | None:
    """By the definition: tokens written when the rule first holds."""
    streak = 0
    for written, probability in enumerate(probabilities, 1):
        streak = streak + 1 if probability > confidence.probability else 0
        if streak == confidence.tokens:
            return written
    return None


@pytest.mark.parametrize("doubt", [None, 0, 1500, 2998])
def test_the_reports_three_thousand(doubt: int | None) -> None:
    """2,999 do not stop, the 3,000th does; one unsure token among them begins the count anew."""
    writer = bytes_writer(room=10_000, max_tokens=10_000, confidence=Confidence())
    (token,) = byte_tokenizer().encode("a")
    written = 0
    while not writer.finished:
        writer.accept(token, -0.009, probable=written != doubt)
        written += 1
    assert written == (3000 if doubt is None else doubt + 1 + 3000)
    assert writer.completion().finish is Finish.CONFIDENT


@pytest.mark.parametrize("text", TEXTS)
def test_above_is_not_at(text: str) -> None:
    """A token that has exactly the probability does not count; by the least less, it does."""
    language, request = tiny_language(), free_request(text)
    (free,) = language.generate([request])
    probabilities = [math.exp(logprob) for logprob in free.logprobs]
    records = [i for i, p in enumerate(probabilities) if i and p > max(probabilities[:i])]
    at = records[0]
    below = math.nextafter(probabilities[at], 0)
    for threshold, stops in ((probabilities[at], False), (below, True)):
        confidence = Confidence(tokens=1, probability=threshold)
        (found,) = language.generate([replace(request, confidence=confidence)])
        assert (len(found.tokens) == at + 1) == stops
        assert len(found.tokens) == (first_stop(probabilities, confidence) or len(free.tokens))


@pytest.mark.parametrize("tokens", [1, 2, 3])
def test_stream_and_batch_stop_at_the_same_token(tokens: int) -> None:
    language = tiny_language()
    free = [language.generate([free_request(text)])[0] for text in TEXTS]
    every = [[math.exp(logprob) for logprob in one.logprobs] for one in free]
    lower = sorted(p for one in every for p in one)[5:50]
    low, high = max(pairwise(lower), key=lambda pair: pair[1] - pair[0])
    confidence = Confidence(tokens=tokens, probability=(low + high) / 2)
    asked = [replace(free_request(text), confidence=confidence) for text in TEXTS]
    together = language.generate(asked)
    for request, found, probabilities in zip(asked, together, every, strict=True):
        streamed = list(language.stream(request))
        stop = first_stop(probabilities, confidence)
        assert len(streamed) == len(found.tokens) == (stop or len(probabilities))
        assert streamed[-1].finish == found.finish
        assert (found.finish is Finish.CONFIDENT) == (stop is not None)
    assert any(found.finish is Finish.CONFIDENT for found in together)


def test_a_confident_stop_is_a_truncation() -> None:
    """The words are the same on both sides, and it is no end of turn."""
    assert StopReason(Finish.CONFIDENT.value).truncated
    assert not StopReason.TURN.truncated
