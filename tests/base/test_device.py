"""The choice of device and precision."""

import pytest
import torch

from ostinato.base.device import one_thread, pick_device, pick_dtype
from ostinato.base.errors import UserError


@pytest.mark.parametrize("name", [None, "auto"])
@pytest.mark.parametrize(("there", "expected"), [(True, "cuda"), (False, "cpu")])
def test_auto_takes_the_gpu_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, name: str | None, there: bool, expected: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert pick_device(name) == torch.device(expected)


@pytest.mark.parametrize("name", ["gpu", "cpu:x", "meta", "cpu:1", ""])
def test_a_wrong_name_says_what_is_allowed(name: str) -> None:
    with pytest.raises(UserError, match="device"):
        pick_device(name)


def test_a_gpu_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert pick_device("cuda:0") == torch.device("cuda:0")
    with pytest.raises(UserError, match="has 1 CUDA device"):
        pick_device("cuda:1")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(UserError, match="has 0 CUDA devices"):
        pick_device("cuda")


def test_precision_follows_the_device() -> None:
    assert pick_dtype(None, torch.device("cpu")) == torch.float32
    assert pick_dtype("auto", torch.device("cuda")) == torch.bfloat16
    assert pick_dtype("float16", torch.device("cpu")) == torch.float16
    with pytest.raises(UserError, match="expected auto, float32, bfloat16, float16"):
        pick_dtype("fp8", torch.device("cpu"))


@pytest.mark.parametrize("asked", [True, False])
def test_one_thread_for_a_while(asked: bool) -> None:
    """Whatever happens meanwhile."""

    def fail() -> None:
        with one_thread(asked):
            seen.append(torch.get_num_threads())
            raise KeyError

    before, seen = torch.get_num_threads(), list[int]()
    torch.set_num_threads(3)
    try:
        with pytest.raises(KeyError):
            fail()
        assert seen == [1 if asked else 3]
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
