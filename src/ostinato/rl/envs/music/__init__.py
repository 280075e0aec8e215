"""Music written as text, judged by rules; the judge by model comes on top of them."""

from ostinato.rl.envs.music.continuation import Continuation
from ostinato.rl.envs.registry import Environment, of_questions

MUSIC: tuple[Environment, ...] = (
    of_questions(
        "music/continuation",
        Continuation(),
        summary="continue a melody over given chords",
        truth="nine rules: metre, filled bars, range, key, chords, leaps, repetition (two), ending",
    ),
)

__all__ = ["MUSIC"]
