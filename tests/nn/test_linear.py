"""The product equals PyTorch's own, whatever library computed it."""

from __future__ import annotations

import pytest
import torch

from ostinato.nn.ops import linear as module
from ostinato.nn.ops.linear import STEP, linear

ROWS = (0, 1, 2, 4, 5, 7, STEP - 1, STEP, STEP + 1, 500)


@pytest.fixture(autouse=True)
def every_product_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WORTH", 0)
    monkeypatch.setattr(module, "LARGE", 0)


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("columns", [False, True])
@torch.no_grad()
def test_it_is_the_product(rows: int, columns: bool) -> None:
    draw = torch.Generator().manual_seed(rows)
    x, weight = torch.randn(rows, 48, generator=draw), torch.randn(40, 48, generator=draw)
    expected = (x.double() @ weight.double().T).float()
    if columns:
        weight = weight.T.contiguous().T
    torch.testing.assert_close(linear(x, weight), expected, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_leading_axes_and_strides_do_not_matter() -> None:
    x, weight = torch.randn(6, 3, 32).transpose(0, 1), torch.randn(24, 32)
    torch.testing.assert_close(linear(x, weight), x @ weight.T, rtol=1e-5, atol=1e-5)
    part = torch.randn(50, 64)[:, ::2]
    torch.testing.assert_close(linear(part, weight), part @ weight.T, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_few_different_numbers_of_rows_reach_onednn(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def product(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        seen.append(len(x))
        return x @ weight.T

    monkeypatch.setattr(module, "_onednn", lambda: product)
    weight = torch.randn(24, 32)
    for rows in range(module.FEW + 1, 3 * STEP):
        assert linear(torch.randn(rows, 32), weight).shape == (rows, 24)
    assert set(seen) == {STEP, 2 * STEP, 3 * STEP}


def test_gradients_and_other_precisions_go_the_usual_way() -> None:
    x = torch.randn(40, 32, requires_grad=True)
    weight = torch.randn(24, 32, requires_grad=True)
    linear(x, weight).square().sum().backward()
    got = x.grad, weight.grad
    x.grad = weight.grad = None
    (x @ weight.T).square().sum().backward()
    torch.testing.assert_close(got, (x.grad, weight.grad), rtol=1e-5, atol=1e-4)
    with torch.no_grad():
        for dtype in (torch.bfloat16, torch.float64):
            assert linear(x.to(dtype), weight.to(dtype)).dtype == dtype
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert linear(x, weight).dtype == torch.bfloat16


@torch.no_grad()
def test_without_onednn_it_is_pytorchs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_onednn", lambda: None)
    x, weight = torch.randn(40, 32), torch.randn(24, 32)
    assert torch.equal(linear(x, weight), torch.nn.functional.linear(x, weight))
