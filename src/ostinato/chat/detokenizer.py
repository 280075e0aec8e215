"""Text from ids that arrive one by one."""

from __future__ import annotations

import codecs

from ostinato.chat.tokenizer import Tokenizer


class Detokenizer:
    """Never half a character; what it gives, joined, is `Tokenizer.decode` of all the ids."""

    def __init__(self, tokenizer: Tokenizer, *, special: bool = False) -> None:
        """``special``: whether special tokens have a text, as in `Tokenizer.decode`."""
        self._tokenizer = tokenizer
        self._special = special
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def push(self, token: int) -> str:
        """The characters that this id completes, if any."""
        return self._decoder.decode(self._tokenizer.bytes_of(token, special=self._special))

    def flush(self) -> str:
        """No more ids: a character left half is U+FFFD. Then it can begin anew."""
        rest = self._decoder.decode(b"", final=True)
        self._decoder.reset()
        return rest
