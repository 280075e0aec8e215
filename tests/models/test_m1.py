"""M1 as a whole: the published numbers, padding, packing, chunks, precision."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from ostinato.base.errors import UserError
from ostinato.infer.prefill import decode, prefill
from ostinato.models.m1 import M1, M1Config
from ostinato.models.m1.cost import parameters
from ostinato.models.m1.layers import decay_rates
from ostinato.nn.rotary import rotate, rotation

ORDERS = {
    "lightning first": ("lightning", "lightning", "lightning", "softmax") * 2,
    "softmax first": ("softmax", "lightning", "lightning", "lightning") * 2,
}
STARTS = (255, 256, 257, 511, 512, 513)


def build(order: str = "lightning first", **changes: object) -> M1:
    torch.manual_seed(0)
    fields = {"vocab_size": 97, "rotary_dim": 8, "initializer_range": 0.1}
    config = M1Config.preset("tiny", attention=ORDERS[order], **(fields | changes))
    return M1(config).eval()


def ids(rows: int, length: int, *, seed: int = 0) -> Tensor:
    return torch.randint(0, 97, (rows, length), generator=torch.Generator().manual_seed(seed))


@pytest.fixture(params=list(ORDERS))
def model(request: pytest.FixtureRequest) -> M1:
    return build(request.param)


@pytest.mark.parametrize("name", ["m1-tiny", "m1-12heads"])
def test_equal_to_the_published_code(shared: Path, name: str) -> None:
    """Logits and state of MiniMax's own modelling code on the same weights, float32."""
    folder = shared / "golden" / name
    model, golden = M1.from_pretrained(folder), load_file(folder / "io.safetensors")
    cache = model.make_cache(2)
    with torch.no_grad():
        logits = model(golden["input_ids"])
        model(golden["input_ids"][:, :660], cache=cache)
    found = {
        "logits_head": logits[:, :8],
        "logits_tail": logits[:, 660:],
        "logits_block_starts": logits[:, list(STARTS)],
    }
    for key, value in found.items():
        assert float((value - golden[key]).abs().max()) < 1e-5, key
    state = golden["last_state_layer0_key_value"]
    assert float((cache.states[0] - state).norm() / state.norm()) < 1e-6


def test_equal_to_transformers_where_it_is_right(tmp_path: Path) -> None:
    """Whole heads rotated, a power of two of them: both layouts load there and agree."""
    transformers = pytest.importorskip("transformers")
    model = build(rotary_dim=16)
    model.save_pretrained(tmp_path, layout="transformers")
    theirs = transformers.MiniMaxForCausalLM.from_pretrained(tmp_path).eval()
    tokens = ids(2, 300)
    with torch.no_grad():
        expected = theirs(tokens).logits
        found = model(tokens)
    assert float((found - expected).abs().max()) < 1e-5


@pytest.mark.parametrize("chunk", [1, 7, 140, 256, 300])
def test_any_chunks_equal_one_pass(model: M1, chunk: int) -> None:
    tokens = ids(2, 321)
    with torch.no_grad():
        expected = model(tokens)
        cache = model.make_cache(2)
        parts = [model(part, cache=cache) for part in tokens.split(chunk, 1)]
    assert float((torch.cat(parts, 1) - expected).abs().max()) < 1e-5
    assert cache.lengths == [321, 321]


@pytest.mark.parametrize("chunk", [3, 100, 4096])
def test_prompts_of_different_lengths_prefill_as_if_alone(model: M1, chunk: int) -> None:
    prompts = [ids(1, length, seed=length)[0] for length in (5, 260, 1, 131)]
    cache = model.make_cache(6)
    found = prefill(model, prompts, cache, [4, 0, 2, 5], chunk=chunk)
    following = found.argmax(-1)
    second = decode(model, following, cache, [4, 0, 2, 5])
    for row, prompt in enumerate(prompts):
        with torch.no_grad():
            alone = model(torch.cat([prompt, following[row : row + 1]])[None])[0]
        assert float((found[row] - alone[-2]).abs().max()) < 1e-5
        assert float((second[row] - alone[-1]).abs().max()) < 1e-5
    assert cache.lengths == [261, 0, 2, 0, 6, 132]


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_is_no_token(model: M1, side: str) -> None:
    """A padded batch is each row alone: its logits, its state, and what is decoded later."""
    lengths, most = (250, 101, 350), 350
    tokens, mask = torch.zeros(3, most, dtype=torch.int64), torch.zeros(3, most, dtype=torch.bool)
    rows = [ids(1, length, seed=length)[0] for length in lengths]
    for i, row in enumerate(rows):
        place = slice(most - len(row), most) if side == "left" else slice(0, len(row))
        tokens[i, place], mask[i, place] = row, True
    cache = model.make_cache(3)
    with torch.no_grad():
        found = model(tokens, cache=cache, mask=mask)
        later = model(torch.tensor([[1], [2], [3]]), cache=cache)
        more = model(ids(3, 40, seed=7), cache=cache)
    for i, row in enumerate(rows):
        own = torch.cat([row, torch.tensor([i + 1]), ids(3, 40, seed=7)[i]])
        alone_cache = model.make_cache(1)
        with torch.no_grad():
            alone = model(own[None], cache=alone_cache)[0]
        n = len(row)
        assert float((found[i][mask[i]] - alone[:n]).abs().max()) < 1e-5
        assert float((later[i, 0] - alone[n]).abs().max()) < 1e-5
        assert float((more[i] - alone[n + 1 :]).abs().max()) < 1e-5
        state, expected = cache.states[:, i], alone_cache.states[:, 0]
        assert float((state - expected).norm() / expected.norm()) < 1e-5


def test_packed_rows_never_leak(model: M1) -> None:
    lengths = (3, 130, 128, 1, 60)
    bounds = torch.tensor([0, *torch.tensor(lengths).cumsum(0).tolist()])
    tokens = ids(1, sum(lengths))
    with torch.no_grad():
        packed = model(tokens, cu_seqlens=bounds)
        for a, b in pairwise(bounds.tolist()):
            alone = model(tokens[:, a:b])
            assert float((packed[:, a:b] - alone).abs().max()) < 1e-5


def test_packed_gradients_are_those_of_the_sequences(model: M1) -> None:
    tokens, bounds = ids(1, 200), torch.tensor([0, 70, 200])
    gradients: list[dict[str, Tensor]] = []
    for packed in (True, False):
        model.zero_grad()
        if packed:
            model(tokens, cu_seqlens=bounds).square().sum().backward()
        else:
            for a, b in ((0, 70), (70, 200)):
                model(tokens[:, a:b]).square().sum().backward()
        gradients.append({n: p.grad.clone() for n, p in model.named_parameters()})
    for name, found in gradients[0].items():
        expected = gradients[1][name]
        assert float((found - expected).norm() / expected.norm().clamp(min=1e-6)) < 1e-4, name


def test_gradient_checkpointing_changes_nothing(model: M1) -> None:
    tokens = ids(1, 90)
    gradients: list[dict[str, Tensor]] = []
    for checkpointing in (False, True):
        model.zero_grad()
        model.train()
        model.gradient_checkpointing = checkpointing
        found = model.encode(tokens)
        (found.hidden.square().sum() + model.router_loss(found)).backward()
        gradients.append(
            {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
        )
    assert gradients[0].keys() == gradients[1].keys()
    for name, found in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], found)


def test_rates_of_the_published_model() -> None:
    first, middle, last = (decay_rates(64, layer, 80) for layer in (0, 39, 78))
    assert [float(first[0]), float(first[-1])] == pytest.approx([0.917, 0.00391], rel=1e-3)
    assert [float(middle[0]), float(middle[-1])] == pytest.approx([0.464, 0.00198], rel=3e-3)
    assert [float(last[0]), float(last[-1])] == pytest.approx([0.0116, 4.9e-5], rel=1e-2)
    bottom = decay_rates(64, 79, 80)
    assert float(bottom[0] / first[0]) == pytest.approx(1e-5 / (1 + 1e-5), rel=1e-4)
    assert bool(decay_rates(4, 0, 1).isfinite().all())


@pytest.mark.parametrize("heads", [12, 48])
def test_rates_of_other_head_counts_interleave(heads: int) -> None:
    below = 8 if heads == 12 else 32
    found = decay_rates(heads, 0, 10)
    known = [2 ** (-8 * (h + 1) / below) for h in range(below)]
    between = [2 ** (-8 * (h + 1) / (2 * below)) for h in range(0, 2 * (heads - below), 2)]
    assert found.tolist() == pytest.approx([s * (1 + 1e-5) for s in known + between], rel=1e-6)


def test_rotation_turns_the_leading_dimensions_by_relative_position() -> None:
    x = torch.randn(1, 6, 2, 16, generator=torch.Generator().manual_seed(0))
    near = rotate(x, *rotation(torch.arange(6)[None], 8, 1e4))
    far = rotate(x, *rotation(torch.arange(6)[None] + 1000, 8, 1e4))
    torch.testing.assert_close(near[..., 8:], x[..., 8:])
    assert not torch.allclose(near[:, 1:, :, :8], x[:, 1:, :, :8])
    for a, b in ((0, 5), (3, 1)):
        products = [(y[0, a] * y[0, b]).sum(-1) for y in (near, far)]
        torch.testing.assert_close(products[0], products[1], atol=1e-4, rtol=1e-4)
    whole = rotate(x, *rotation(torch.arange(6)[None], 16, 1e4))
    assert not torch.allclose(whole, near)


def test_the_residual_is_the_normed_value() -> None:
    """With nothing from attention and experts, out = a norm2(a norm1(x))."""
    model = build(softmax_alpha=3.0, lightning_alpha=2.0, mlp_alpha=5.0)
    tokens = ids(1, 9)
    place = model._place(tokens, None, None, None)
    for layer in model.model.layers[2:4]:
        with torch.no_grad():
            for name, parameter in layer.named_parameters():
                if name.endswith(("out_proj.weight", "o_proj.weight", "down")):
                    parameter.zero_()
        x = torch.randn(1, 9, 64)
        normed = layer.alpha * layer.input_layernorm(x)
        expected = 5.0 * layer.post_attention_layernorm(normed)
        torch.testing.assert_close(layer(x, place)[0], expected)


def test_heads_of_the_joint_projection() -> None:
    """A head's query, key and value lie together: permuting heads permutes what they give."""
    model = build()
    layer = model.model.layers[0].self_attn
    place = model._place(ids(1, 50), None, None, None)
    x = torch.randn(1, 50, 64, generator=torch.Generator().manual_seed(1))
    expected = layer(x, place, 0)
    order = torch.tensor([2, 0, 3, 1])
    with torch.no_grad():
        for weight in (layer.qkv_proj.weight, layer.output_gate.weight, layer.norm.weight):
            weight.copy_(weight.unflatten(0, (4, -1))[order].flatten(0, 1))
        columns = layer.out_proj.weight.unflatten(1, (4, -1))[:, order].flatten(1)
        layer.out_proj.weight.copy_(columns)
        layer.decay.copy_(layer.decay[order])
    torch.testing.assert_close(layer(x, place, 0), expected, atol=1e-5, rtol=1e-4)


def test_router_loss_is_balanced_at_k(model: M1) -> None:
    with torch.no_grad():
        for layer in model.model.layers:
            layer.block_sparse_moe.gate.weight.zero_()
        found = model.encode(ids(1, 30))
    assert float(model.router_loss(found)) == pytest.approx(2.0, rel=1e-5)


@pytest.mark.parametrize("name", ["tiny", "20m", "100m", "1b", "456b"])
def test_counted_parameters_are_the_model_s(name: str) -> None:
    config = M1Config.preset(name)
    with torch.device("meta"):
        model = M1(config)
    assert sum(p.numel() for p in model.parameters()) == parameters(config).total


def test_what_stays_float32() -> None:
    model = build().to(torch.bfloat16)
    kinds = {name: p.dtype for name, p in model.named_parameters()}
    exact = {name for name, kind in kinds.items() if kind == torch.float32}
    assert exact == {n for n in kinds if n.endswith("moe.gate.weight")} | {"lm_head.weight"}
    layer = model.model.layers[1].self_attn
    assert torch.equal(layer.decay, decay_rates(4, 1, 8))
    cache = model.make_cache(1)
    with torch.no_grad():
        logits = model(ids(1, 20), cache=cache)
    assert (logits.dtype, cache.states.dtype) == (torch.float32, torch.float32)
    assert cache.keys.dtype == torch.bfloat16


def test_memory_of_a_sequence() -> None:
    model = build()
    caches = [model.make_cache(1), model.make_cache(1)]
    with torch.no_grad():
        for cache, length in zip(caches, (10, 700), strict=True):
            model(ids(1, length), cache=cache)
    assert caches[0].states.nbytes == caches[1].states.nbytes == 6 * 4 * 16 * 16 * 4
    assert caches[0].keys.shape[0] == caches[1].keys.shape[0] == 2
    assert caches[1].capacity >= 700 > caches[0].capacity
    assert caches[1].nbytes == sum(
        t.nbytes for t in (caches[1].states, caches[1].keys, caches[1].values)
    )


def test_bfloat16_stays_near_float32_and_decodes_as_it_prefills() -> None:
    exact = build(initializer_range=0.05)
    rounded = build(initializer_range=0.05).to(torch.bfloat16)
    tokens = ids(4, 300)
    with torch.no_grad():
        expected, found = exact(tokens), rounded(tokens)
        cache = rounded.make_cache(4)
        parts = [rounded(part, cache=cache) for part in tokens.split([200] + [1] * 100, 1)]
    scale = float(expected.std())
    assert float((found - expected).square().mean().sqrt()) / scale < 3e-2
    assert float((torch.cat(parts, 1) - found).square().mean().sqrt()) / scale < 3e-2
    assert float((found.argmax(-1) == expected.argmax(-1)).float().mean()) > 0.97


def test_bad_input_is_told_in_one_sentence() -> None:
    model = build(max_position_embeddings=50)
    with pytest.raises(UserError, match="token id 97 is outside of this model's vocabulary of 97"):
        model(torch.tensor([[3, 97]]))
    with pytest.raises(UserError, match="token id -1"):
        model(torch.tensor([[3, -1]]))
    with pytest.raises(UserError, match="51 tokens of context are more than this model's 50"):
        model(ids(1, 51))
    cache = model.make_cache(1)
    model(ids(1, 45), cache=cache)
    with pytest.raises(UserError, match="51 tokens"):
        model(ids(1, 6), cache=cache)
    assert cache.lengths == [45]


def test_a_prompt_that_is_too_long_is_refused_before_it_is_read() -> None:
    model = build(max_position_embeddings=50)
    cache = model.make_cache(1)
    with pytest.raises(UserError, match="60 tokens of context are more than this model's 50"):
        prefill(model, [ids(1, 60)[0]], cache, chunk=10)
    assert (cache.lengths, cache.capacity) == ([0], 0)


def test_slots_are_each_its_own(model: M1) -> None:
    cache = model.make_cache(2)
    for slots in ([0, 0], [0, 2], [-1, 0]):
        with pytest.raises(AssertionError, match="slot"):
            model(ids(2, 5), cache=cache, slots=slots)


def test_a_cache_holds_no_graph_and_takes_part_in_autocast(model: M1) -> None:
    cache = model.make_cache(3)
    with torch.autocast("cpu", torch.bfloat16):
        model(ids(2, 9), cache=cache, slots=[2, 0])
        model(ids(2, 1), cache=cache, slots=[0, 1])
    assert cache.lengths == [10, 1, 9]
    assert not cache.states.requires_grad
    assert not cache.keys.requires_grad


def test_a_batch_of_nothing_but_padding(model: M1) -> None:
    cache = model.make_cache(2)
    found = model(ids(2, 4), cache=cache, mask=torch.zeros(2, 4, dtype=torch.bool))
    assert float(found.detach().abs().max()) == 0
    assert cache.lengths == [0, 0]
