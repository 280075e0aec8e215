"""A plain encoder of whole compound words: what NG-Midiformer is measured against.

One position for each word: the embeddings of its columns, concatenated and projected, as in
MidiBERT-Piano (arXiv 2107.05223, section 3.2). No merged tokens, no n-grams. Positions come in
two schemes:

- ``relative``: MidiBERT's own layers, which are BERT's (LayerNorm after each part) with learnt
  vectors of the signed distance, multiplied with queries and keys ("relative_key_query");
- ``rotary``: an encoder as one would build it today, without anything of music in it: RMSNorm
  before each part, rotary positions, no biases.

A word's id is the word itself: its columns in mixed radix, behind the special tokens. So the
batches, heads and scores of a Midiformer serve here as they are.

Where we differ from MidiBERT: embeddings are not scaled by 16 and start small, as do all weights;
windows carry [CLS] and [SEP]; padding is seen by nobody, in tasks of pieces too; and a word in
[MASK]'s place has an embedding of each column's own.
"""

from ostinato.models.words.checkpoint import MODEL_TYPE, load, save
from ostinato.models.words.config import WordConfig
from ostinato.models.words.encoder import WordEncoder, columns_of
from ostinato.models.words.model import MaskedWordHead, WordModel
from ostinato.models.words.relative import relative_bias, relative_bias_reference

__all__ = [
    "MODEL_TYPE",
    "MaskedWordHead",
    "WordConfig",
    "WordEncoder",
    "WordModel",
    "columns_of",
    "load",
    "relative_bias",
    "relative_bias_reference",
    "save",
]
