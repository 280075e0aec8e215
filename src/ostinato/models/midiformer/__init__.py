"""NG-Midiformer (Tian et al., AAAI 2024, arXiv 2312.08931), with its defects put right.

An encoder of compound-word tokens that adds, after every layer, what a second, smaller
encoder knows about the frequent n-grams which cover each token.

Where we differ from the paper, and why:

- the n-gram matrix is float, so that the frequency weighting exists (the published code
  stores it in an integer tensor, where nearly all of it becomes 0);
- n-grams attend by the distance of their first tokens, not of their rank in a list;
- unused n-gram slots are masked;
- a token's embedding is the sum of its own vector and those of the compound-word symbols
  that it is made of (``compose_embeddings``), so that merged tokens share what they know;
- no token-type embedding: it is one constant vector in the paper;
- the decoder of the masked-token head has one bias, not the same one twice.
"""

from ostinato.models.midiformer.adapter import AdapterSpec
from ostinato.models.midiformer.calibration import Calibration, Domain, domain_states, state_sums
from ostinato.models.midiformer.checkpoint import load, save
from ostinato.models.midiformer.config import HeadSpec, MidiformerConfig
from ostinato.models.midiformer.encoder import Midiformer, NgramBatch
from ostinato.models.midiformer.heads import MaskedTokenHead, NoteHead, SequenceHead
from ostinato.models.midiformer.model import MidiformerModel

__all__ = [
    "AdapterSpec",
    "Calibration",
    "Domain",
    "HeadSpec",
    "MaskedTokenHead",
    "Midiformer",
    "MidiformerConfig",
    "MidiformerModel",
    "NgramBatch",
    "NoteHead",
    "SequenceHead",
    "domain_states",
    "load",
    "save",
    "state_sums",
]
