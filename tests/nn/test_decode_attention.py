"""One query token a row: the kernel's numbers, and what is not seen."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
import torch

from ostinato.nn.ops.softmax.decode import decode_attention, reads_own_past
from ostinato.nn.ops.softmax.reference import softmax_reference

PLACES = 200
LAST = torch.tensor([0, 63, 64, 150, 199])

KERNEL = """
import torch
from ostinato.nn.ops.softmax.decode import decode_attention
from ostinato.nn.ops.softmax.decode_triton import decode_triton
random = torch.Generator().manual_seed(0)
for shared, width in ((4, 32), (1, 16), (8, 64)):
    query = torch.randn(5, 2, shared, width, generator=random)
    keys, values = torch.randn(2, 8, 2, 200, width, generator=random)[:, :5]
    last = torch.tensor([0, 63, 64, 150, 199])
    for row, end in enumerate(last.tolist()):
        keys[row, :, end + 1 :] = float("nan")
        values[row, :, end + 1 :] = float("nan")
    found = decode_triton(query, keys, values, last)
    exact = decode_attention(
        query.double(), keys.double().nan_to_num(), values.double().nan_to_num(), last, span=200
    )
    torch.testing.assert_close(found.double(), exact, atol=1e-6, rtol=1e-6)
"""


def cases() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(1)
    query = torch.randn(5, 2, 4, 16, generator=random, dtype=torch.float64)
    keys, values = torch.randn(2, 5, 2, PLACES, 16, generator=random, dtype=torch.float64)
    return query, keys, values


def test_a_row_sees_its_past_and_nothing_else() -> None:
    query, keys, values = cases()
    found = decode_attention(query, keys, values, LAST, span=PLACES)
    expected = softmax_reference(
        query.flatten(1, 2)[:, None],
        keys.transpose(1, 2),
        values.transpose(1, 2),
        LAST + 1,
        None,
    )
    torch.testing.assert_close(found.flatten(1, 2)[:, None], expected)
    for row, end in enumerate(LAST.tolist()):
        keys[row, :, end + 1 :] += 7
        values[row, :, end + 1 :] += 7
    torch.testing.assert_close(decode_attention(query, keys, values, LAST, span=PLACES), found)


def test_keys_from_the_span_on_are_not_read() -> None:
    query, keys, values = cases()
    last = LAST.clamp(max=150)
    found = decode_attention(query, keys, values, last, span=PLACES)
    torch.testing.assert_close(decode_attention(query, keys, values, last, span=151), found)


def test_rows_one_by_one() -> None:
    query, keys, values = cases()
    assert reads_own_past(query, keys)
    found = decode_attention(query, keys, values, LAST, span=None)
    torch.testing.assert_close(found, decode_attention(query, keys, values, LAST, span=PLACES))
    for row, end in enumerate(LAST.tolist()):
        keys[row, :, end + 1 :] = values[row, :, end + 1 :] = float("nan")
    assert torch.equal(decode_attention(query, keys, values, LAST, span=None), found)


def test_a_row_is_the_same_in_any_company() -> None:
    query, keys, values = cases()
    found = decode_attention(query, keys, values, LAST, span=None)
    some = [4, 1]
    alone = decode_attention(query[some], keys[some], values[some], LAST[some], span=None)
    assert torch.equal(alone, found[some])


def test_the_kernel_computes_the_same() -> None:
    if find_spec("triton") is None:
        pytest.skip("triton is not installed")
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    subprocess.run([sys.executable, "-c", KERNEL], check=True, env=environment, timeout=120)
