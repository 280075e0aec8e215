"""``ostinato solve``: one question, answered under a thinking budget."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

from ostinato.base.errors import UserError
from ostinato.chat.messages import Message
from ostinato.jobs.show import console, counted, print_json
from ostinato.jobs.talking import Answering, say


@dataclass(frozen=True)
class Solution:
    """What the model thought and said, and what it took."""

    question: str
    model: str
    thinking: str | None  # None: it did not think
    answer: str
    tokens: int  # that were written, thinking included
    thinking_tokens: int
    thinking_budget: int | None
    budget_reached: bool
    finish: str  # eos, length, stop or confident
    seconds: float  # the reading of the question included
    tokens_per_second: float  # tokens / seconds


def solve(question: str, answering: Answering, as_json: bool) -> Solution:
    """Answer, and print the length of the thinking and the answer, or all of it as JSON."""
    if not question.strip():
        raise UserError("the question is empty: expected some text")
    model = answering.load()
    began = time.perf_counter()
    messages = [*answering.opening(), Message("user", question)]
    reply = model.chat(messages, **answering.options())
    seconds = time.perf_counter() - began
    found = reply.completion
    solution = Solution(
        question=question,
        model=model.name,
        thinking=reply.parsed.thinking,
        answer=reply.parsed.content,
        tokens=len(found.tokens),
        thinking_tokens=found.thinking_tokens,
        thinking_budget=answering.thinking_budget,
        budget_reached=found.budget_reached,
        finish=found.finish,
        seconds=round(seconds, 3),
        tokens_per_second=round(len(found.tokens) / seconds, 1),
    )
    if as_json:
        print_json(asdict(solution))
    else:
        show(solution, thinking_open=reply.parsed.thinking_open)
    return solution


def show(solution: Solution, *, thinking_open: bool) -> None:
    out = console()
    budget = f", its budget of {solution.thinking_budget:,}" if solution.budget_reached else ""
    tokens = counted(solution.thinking_tokens, "token", "tokens")
    say(out, f"thought for {tokens}{budget}", style="dim")
    say(out, solution.answer.strip())
    if thinking_open:
        say(out, "no answer: it was still thinking (--thinking-budget ends that)", style="yellow")
    written = counted(solution.tokens, "token", "tokens")
    rate = f"{solution.tokens_per_second:,.1f} tokens/s"
    say(out, f"{written}, {rate}, ended by {solution.finish}", style="dim")
