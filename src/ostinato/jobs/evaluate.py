"""``ostinato evaluate``: a benchmark, with intervals and baselines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ostinato.base.errors import UserError
from ostinato.eval import long_context, pop909_melody, reasoning
from ostinato.eval.metrics import Scores
from ostinato.eval.music import record
from ostinato.eval.music import suite as music
from ostinato.infer.directory import MELODY, find_model
from ostinato.infer.load import load_note_model
from ostinato.jobs.evaluate_long_context import evaluate_long_context
from ostinato.jobs.evaluate_music import MusicRequest, check_out, evaluate_music
from ostinato.jobs.evaluate_reasoning import evaluate_reasoning
from ostinato.jobs.show import console, percent, print_json, table
from ostinato.jobs.talking import reasoner

SUITES = (pop909_melody.NAME, music.NAME, long_context.NAME, *reasoning.SUITES)


@dataclass(frozen=True)
class EvaluateRequest:
    """What is asked of ``evaluate``."""

    suite: str
    model: str | None = None  # None: the bundled model of the suite
    data: Path | None = None  # folder of the suite's corpus or corpora, where it needs one
    length: int = 512  # bytes that a language model was trained on
    examples: int = 100  # of each task at each length, or of each row
    device: str = "auto"
    as_json: bool = False
    # The rest is for the suites of environments.
    thinking_budget: str | None = None  # "512", or several: "0,256,none"
    temperature: float = 0.0
    max_tokens: int = 4096  # of a turn
    kinds: str | None = None  # "maths,logic/campsite"; None: all of the suite
    seed: int = 0  # of the sampling
    out: Path = Path("music-results")  # of the results and of the record of scorings
    # The rest is for the suite ``music``.
    tasks: str | None = None  # "melody,dance"; None: all
    protocol: str = "both"
    models: Path | None = None  # more models than the bundled heads


def evaluate(request: EvaluateRequest) -> None:
    """Score a model on a suite."""
    if request.suite not in SUITES:
        raise UserError(f"there is no suite {request.suite!r}; there is {', '.join(SUITES)}")
    if request.suite == music.NAME:
        _evaluate_music(request)
        return
    if request.suite == pop909_melody.NAME:
        _evaluate_melody(request)
        return
    if request.suite in reasoning.SUITES:
        _evaluate_reasoning(request)
        return
    if request.model is None:
        raise _no_model(request)
    suite = long_context.Suite(request.length, examples=request.examples)
    evaluate_long_context(request.model, suite, request.device, request.as_json)


def _evaluate_music(request: EvaluateRequest) -> None:
    if request.model is not None:
        raise UserError(
            f"{music.NAME} scores the bundled heads; name a folder of more models with --models, "
            f"not {request.model}"
        )
    evaluate_music(
        MusicRequest(
            data=request.data,
            tasks=request.tasks,
            protocol=request.protocol,
            models=request.models,
            out=request.out,
            device=request.device,
            as_json=request.as_json,
        )
    )


def _evaluate_reasoning(request: EvaluateRequest) -> None:
    budgets = _budgets(request.thinking_budget)
    model = reasoner() if request.model is None else request.model
    if model is None:
        raise _no_model(request)
    entries = reasoning.entries(request.suite, reasoning.read_tasks(find_model(model)))
    if request.kinds is not None:
        entries = reasoning.chosen(entries, [name.strip() for name in request.kinds.split(",")])
    suite = reasoning.Suite(
        name=request.suite,
        entries=entries,
        examples=request.examples,
        thinking_budgets=budgets,
        max_tokens=request.max_tokens,
        temperature=request.temperature,
        seed=request.seed,
    )
    evaluate_reasoning(model, suite, request.device, request.as_json)


def _no_model(request: EvaluateRequest) -> UserError:
    return UserError(f"{request.suite} scores a language model: name its directory")


def _budgets(text: str | None) -> tuple[int | None, ...]:
    """Thinking budgets as they are written on the command line."""
    words = ["none"] if text is None else [word.strip() for word in text.split(",")]
    if bad := [word for word in words if word != "none" and not word.isdecimal()]:
        raise UserError(
            f"--thinking-budget: expected numbers of tokens, or none, with commas between them, "
            f"such as 0,256,1024,none; got {bad[0]!r}"
        )
    return tuple(None if word == "none" else int(word) for word in words)


def _evaluate_melody(request: EvaluateRequest) -> None:
    model, data, as_json = request.model or MELODY, request.data, request.as_json
    if data is None or not data.is_dir():
        raise UserError(
            f"{data or request.suite}: expected the folder of POP909 (--data), and there is none"
        )
    check_out(request.out)
    labeller = load_note_model(model, device=request.device)
    result = pop909_melody.evaluate(
        lambda score, bars: labeller.label_notes(score, bars).labels, data
    )
    task, split, digest = "melody", pop909_melody.SPLIT, record.digest(find_model(model))
    line = record.Scoring(task, pop909_melody.NAME, split, model, digest, record.now())
    record.append(request.out / record.NAME, [line])
    if as_json:
        print_json({"name": model, **result.as_json()})
    else:
        show(model, result)


def show(model: str, result: pop909_melody.Result) -> None:
    """The result as tables on the terminal."""
    out = console()
    scores = result.model
    out.print(f"{pop909_melody.NAME}: {scores.songs} test songs, {scores.notes:,} notes")
    named = {model: scores, "the files' own metre": result.own_metre, **result.baselines}
    columns = ("", "accuracy", "95 % interval", "mean of songs", "macro F1")
    out.print(table(columns, [_line(name, one) for name, one in named.items()]))
    classes = zip(scores.names, scores.precision, scores.recall, scores.f1, strict=True)
    out.print(
        table(
            (model, "precision", "recall", "F1", *(f"as {name}" for name in scores.names)),
            [
                (name, *map(percent, figures), *(f"{count:,}" for count in row))
                for (name, *figures), row in zip(classes, scores.confusion.tolist(), strict=True)
            ],
        )
    )
    sky = ", ".join(f"{percent(share)} with the {name}" for name, share in result.skyline.items())
    out.print(f"skyline in two classes: {sky}")
    out.print("intervals: songs resampled whole, 10,000 times; notes in the clean order")


def _line(name: str, scores: Scores) -> tuple[str, ...]:
    low, high = scores.interval
    return (
        name,
        percent(scores.accuracy),
        f"{100 * low:.1f} to {100 * high:.1f}",
        percent(scores.song_mean),
        percent(scores.macro_f1),
    )
