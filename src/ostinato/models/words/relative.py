"""Scores of the signed distance by learnt vectors: BERT's ``relative_key_query``.

Of Huang et al. (arXiv 2009.13658, method 4): for query i and key j of one head,

    score(i, j) = (q_i . k_j + q_i . a + k_j . a) / sqrt(d),    a = A[i - j]

with one table A of a layer, shared by its heads. Both last terms are a bias on ordinary attention.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


def relative_bias_reference(
    query: Float[Tensor, "b h t d"],
    key: Float[Tensor, "b h t d"],
    vectors: Float[Tensor, "distances d"],
) -> Float[Tensor, "b h t t"]:
    """The definition in float64: ``vectors`` are A of the distances -M + 1 .. M - 1."""
    most = len(vectors) // 2
    place = torch.arange(query.shape[2], device=query.device)
    distance_TT = (place[:, None] - place[None, :]).clamp(-most, most)
    a_TTD = vectors.double()[distance_TT + most]
    of_query = torch.einsum("bhid,ijd->bhij", query.double(), a_TTD)
    of_key = torch.einsum("bhjd,ijd->bhij", key.double(), a_TTD)
    return (of_query + of_key).to(query.dtype)


def relative_bias(
    query: Float[Tensor, "b h t d"],
    key: Float[Tensor, "b h t d"],
    vectors: Float[Tensor, "distances d"],
) -> Float[Tensor, "b h t t"]:
    """The same by two products with the distances that there are, [t, 2 t - 1] each.

    Of row i the product with the vector of distance i - j is wanted in column j: laid out by
    j - i, each row is one step to the left of the row above it.
    """
    length, most = query.shape[2], len(vectors) // 2
    offset = torch.arange(1 - length, length, device=query.device).clamp(-most, most)
    rising = vectors[offset + most]
    of_query = _slide(query @ rising.flip(0).T)
    of_key = _slide(key @ rising.T)
    return of_query + of_key.transpose(-1, -2)


def _slide(x: Float[Tensor, "b h t wide"]) -> Float[Tensor, "b h t t"]:
    """Entry (i, j) of the result is entry (i, j - i + t - 1) of ``x`` [.., t, 2 t - 1]."""
    length = x.shape[2]
    flat = nn.functional.pad(x, (0, 1)).flatten(2)[..., length - 1 : -1]
    return flat.unflatten(2, (length, 2 * length - 1))[..., :length]
