"""Text to be pre-trained on is the same in every process."""

from __future__ import annotations

from hash_seed import printed

PROGRAM = """
import hashlib
from ostinato.rl.traces.text import documents
print(hashlib.sha256("|".join(documents(3, 40, 120)).encode()).hexdigest())
"""


def test_another_process_with_another_hash_seed_makes_the_same() -> None:
    assert printed(PROGRAM, hash_seed="1") == printed(PROGRAM, hash_seed="2")
