"""Heads: means over the pieces of a note, the tied decoder, the pooled first token."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ostinato.base.errors import UserError
from ostinato.models.midiformer import HeadSpec, MidiformerModel, SequenceHead
from ostinato.models.midiformer.heads import mean_of_pieces


def test_mean_of_pieces() -> None:
    """Words of 2, 1 and 3 pieces, as in the label alignment example; a fourth without any."""
    hidden = torch.tensor([[9.0, 1, 3, 5, 1, 2, 6, 9], [9.0, 4, 9, 9, 9, 9, 9, 9]])[..., None]
    word = torch.tensor([[-1, 0, 0, 1, 2, 2, 2, -1], [-1, 3, -1, -1, -1, -1, -1, -1]])
    found = mean_of_pieces(hidden, word, 4)[..., 0]
    assert found.tolist() == [[2, 5, 3, 0], [0, 0, 0, 4]]


def test_mean_of_pieces_sends_gradients_to_the_pieces_alone() -> None:
    hidden = torch.ones(1, 4, 2, requires_grad=True)
    mean_of_pieces(hidden, torch.tensor([[-1, 0, 0, 1]]), 2).sum().backward()
    assert hidden.grad is not None
    assert hidden.grad[0, :, 0].tolist() == [0, 0.5, 0.5, 1]


def test_note_logits_do_not_depend_on_the_order_of_pieces(model) -> None:
    head, hidden = model.note_head("melody"), torch.randn(1, 4, 16)
    word = torch.tensor([[0, 1, 1, 2]])
    logits = head(hidden, word, 5)
    assert logits.shape == (1, 5, 3)
    order = [3, 2, 1, 0]
    torch.testing.assert_close(head(hidden[:, order], word[:, order], 5), logits)


def test_decoder_is_the_token_table(model) -> None:
    head, hidden = model.masked_token, torch.randn(7, 16)
    before = head(hidden)
    assert before.shape == (7, 20)
    with torch.no_grad():
        model.encoder.symbols.weight[3] += torch.randn(16)
        head.bias[1] += 2.0
    changed = (head(hidden) - before).abs().max(0).values > 1e-4
    made_of_3 = model.encoder.token_symbols.eq(3).any(1)
    assert made_of_3.any()
    made_of_3[1] = True
    assert torch.equal(changed, made_of_3)


def test_the_bias_counts_once(model) -> None:
    head, hidden = model.masked_token, torch.randn(2, 16)
    before = head(hidden)
    with torch.no_grad():
        head.bias += 0.5
    torch.testing.assert_close(head(hidden), before + 0.5)


def test_the_tied_encoder_is_no_part_of_the_head(model) -> None:
    assert not any("encoder" in name for name in model.masked_token.state_dict())
    assert sum("tokens.weight" in name for name in model.state_dict()) == 1


def test_sequence_head_reads_the_first_token(model) -> None:
    head, hidden = model.sequence_head("dance"), torch.randn(2, 5, 16)
    logits = head(hidden)
    assert logits.shape == (2, 2)
    hidden[:, 1:] = 0
    torch.testing.assert_close(head(hidden), logits)


def test_asking_for_another_head_says_which_there_are(model) -> None:
    with pytest.raises(UserError, match="melody, dance"):
        model.note_head("velocity")
    with pytest.raises(UserError, match="use note_head"):
        model.sequence_head("melody")
    with pytest.raises(UserError, match="use sequence_head"):
        model.note_head("dance")


def test_bad_head_specs_are_refused(config) -> None:
    with pytest.raises(UserError, match="kind"):
        HeadSpec("note", ())
    assert MidiformerModel(config).masked_token is None


def pooling_head(config) -> SequenceHead:
    torch.manual_seed(0)
    head = SequenceHead(config, 2, "attention").eval()
    assert head.attend is not None
    torch.nn.init.normal_(head.attend.weight)
    return head


def test_attention_reads_every_token_but_padding(config) -> None:
    head, hidden = pooling_head(config), torch.randn(2, 6, 16)
    mask = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])
    logits = head(hidden, mask)
    for place in range(6):
        changed = hidden.clone()
        changed[:, place] += 1
        differs = (head(changed, mask) - logits).abs().amax(1) > 1e-5
        assert differs.tolist() == mask[:, place].tolist()
    torch.testing.assert_close(head(hidden[1:, :4]), logits[1:])


def test_attention_does_not_ask_for_an_order(config) -> None:
    head, hidden = pooling_head(config), torch.randn(1, 6, 16)
    torch.testing.assert_close(head(hidden[:, [3, 0, 5, 1, 4, 2]]), head(hidden))


def test_layers_are_averaged_as_they_are_but_for_padding(config) -> None:
    head = SequenceHead(config, 3, "layers").eval()
    hidden = torch.randn(2, 6, config.width_of_layers)
    mask = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])
    means = torch.stack([hidden[0].mean(0), hidden[1, :4].mean(0)])
    torch.testing.assert_close(head.pooled(hidden, mask), means)
    expected = means @ head.classify.weight.T + head.classify.bias
    torch.testing.assert_close(head(hidden, mask), expected)
    assert head.pool is None and head.attend is None


def test_statistics_stand_beside_the_layers(config) -> None:
    head = SequenceHead(config, 3, "layers", statistics=2).eval()
    hidden, statistics = torch.randn(2, 6, config.width_of_layers), torch.randn(2, 2)
    plain = SequenceHead(config, 3, "layers")
    read = head.pooled(hidden, None, statistics)
    torch.testing.assert_close(read[:, :-2], plain.pooled(hidden))
    torch.testing.assert_close(read[:, -2:], statistics)
    expected = read @ head.classify.weight.T + head.classify.bias
    torch.testing.assert_close(head(hidden, None, statistics), expected)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(head(hidden, None, statistics), expected)


@pytest.mark.parametrize(("pool", "count"), [("first", 1), ("attention", 116), ("layers", -1)])
def test_only_a_head_of_layers_reads_statistics(pool, count: int) -> None:
    with pytest.raises(UserError, match="statistics"):
        HeadSpec("sequence", ("a", "b"), pool, count)


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_every_second_layer_up_to_the_last(config, layers: int) -> None:
    torch.manual_seed(0)
    changed = replace(config, num_layers=layers, num_ngram_layers=0)
    model = MidiformerModel(changed).encoder.eval()
    states: list[torch.Tensor] = []
    for layer in model.layers:
        layer.register_forward_hook(lambda *found: states.append(found[-1]))
    tokens = torch.randint(1, config.vocab_size, (2, 5))
    side_by_side = model(tokens, every_second=True)
    assert side_by_side.shape[-1] == changed.width_of_layers
    wanted = torch.cat(states[(layers - 1) % 2 :: 2], -1)
    torch.testing.assert_close(side_by_side, wanted)
    torch.testing.assert_close(side_by_side[..., -config.hidden_size :], model(tokens))


def test_each_slice_is_averaged_by_weights_of_its_own(config) -> None:
    """Fails where all slices share one softmax, or where weights and slices are mismatched."""
    head, hidden = pooling_head(config), torch.randn(1, 5, 16)
    weight = (hidden[0] @ head.attend.weight.T + head.attend.bias).softmax(0)
    size = 16 // config.num_heads
    slices = [weight[:, n] @ hidden[0, :, n * size :][:, :size] for n in range(config.num_heads)]
    expected = head.classify(torch.tanh(head.pool(torch.cat(slices))))
    torch.testing.assert_close(head(hidden)[0], expected)
