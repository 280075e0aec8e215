"""A language model as something that answers plain prompts, greedily: what benchmarks ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ostinato.infer.language import LanguageModel
from ostinato.infer.requests import Request, Sampling


@dataclass(frozen=True, eq=False)
class GreedyAnswerer:
    """Answers end at the first line end, which is left out."""

    model: LanguageModel

    def answer(self, prompts: Sequence[str], answer_bytes: int) -> list[str]:
        """The likeliest answer to each prompt, of so many bytes at most."""
        requests = [
            Request(
                prompt=tuple(self.model.tokenizer.encode(prompt)),
                sampling=Sampling(temperature=0.0),
                max_tokens=answer_bytes,
                stop=("\n",),
                confidence=None,
            )
            for prompt in prompts
        ]
        return [found.text for found in self.model.generate(requests)]
