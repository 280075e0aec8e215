"""Attention whose scores know the signed distance between query and key.

For a query i and a key j of one head of width d, with R the fixed sinusoids of a distance:

    score(i, j) = [(q_i + u) . k_j  +  (q_i + v) . R(p_i - p_j)] / sqrt(d)
    R(x) = [sin(w_0 x) ... sin(w_{d/2-1} x), cos(w_0 x) ... cos(w_{d/2-1} x)]

``u`` (content bias) and ``v`` (position bias) are learnt; R passes through no projection.
Transformer-XL (arXiv 1901.02860) gives the form, TENER (arXiv 1911.04474, eq. 15-17) the
signed, unprojected distance; NG-Midiformer uses both.

``relative_attention_reference`` is the definition. ``relative_attention`` never forms the
[T, T, d] distances: with E(p) = R(p), and a, b the two halves of q_i + v,

    (q_i + v) . R(p_i - p_j) = turn(q_i + v, p_i) . E(p_j)
    turn([a, b], p) = [b sin(wp) - a cos(wp), a sin(wp) + b cos(wp)]

because sin(x - y) = sin x cos y - cos x sin y and cos(x - y) = cos x cos y + sin x sin y.
So the score is one dot product of [q + u, turn(q + v)] with [k, E], of width 2 d, which any
fused attention kernel takes as it is, at any positions.
"""

from ostinato.nn.ops.relative_attention.factored import relative_attention
from ostinato.nn.ops.relative_attention.reference import relative_attention_reference
from ostinato.nn.ops.relative_attention.sinusoids import frequencies, sinusoids

__all__ = ["frequencies", "relative_attention", "relative_attention_reference", "sinusoids"]
