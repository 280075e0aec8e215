"""How the table of ``ostinato.music.chords`` was fitted; prints it.

A multinomial regression of POP909's chord of each beat (``chord_midi.txt``) on the two
profiles, one row of weights per quality, turned to every root, on the training songs. Pop
hardly uses some of the qualities, so the textbook has a say: its chords, held for a beat in
close and in open position, are examples too, and a ridge pulls each row towards them. The
costs of a change are then the best of a small grid. Only training songs are read; the
constants below and the shape of the profiles were settled on the validation songs.

    python runs/fit_chords.py --data POP909
"""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
from chords import Song, read_songs, score_songs, without_metre
from torch.nn.functional import nll_loss

from ostinato.music import chords
from ostinato.music.score import Score, Track

RIDGE = 1e-4
BEATS = 60_000  # drawn from the training songs
BOOK = 0.3  # the weight of the textbook's examples beside those of POP909
# Inversions that are another chord of the vocabulary, or one more usual, count as that.
INVERSIONS = {"aug": 1, "dim7": 1, "hdim7": 1, "sus2": 1, "sus4": 1}


def textbook() -> torch.Tensor:
    """[11, 24]: chord notes for, others against; the root in the bass."""
    table = torch.full((len(chords.QUALITIES), 24), -1.0)
    for row, intervals in zip(table, chords.INTERVALS, strict=True):
        row[list(intervals)] = 3.0
        row[12:] = -0.5
        row[12] = 3.5
    return table


def examples(songs: list[Song]) -> tuple[torch.Tensor, torch.Tensor]:
    """Profiles [n, 2, 12], 0..1, and the annotated state of each beat [n]."""
    seen, states = [], []
    for song in songs:
        root, quality = song.chord_at(song.beat_seconds + 0.01)
        state = np.where(root < 0, 132, root * 11 + quality)
        known = root > -2
        seen.append(chords.profiles(song.score, song.beats)[known] / chords.FULL)
        states.append(state[known])
    drawn = np.random.default_rng(0).permutation(sum(map(len, states)))[:BEATS]
    return (
        torch.tensor(np.concatenate(seen)[drawn], dtype=torch.float32),
        torch.tensor(np.concatenate(states)[drawn]),
    )


def held_chords() -> tuple[torch.Tensor, torch.Tensor]:
    """Profiles and states of every quality on C in its inversions, close and over a low bass."""
    seen, states = [], []
    for quality, (name, tones) in enumerate(zip(chords.QUALITIES, chords.INTERVALS, strict=True)):
        for lowest in range(INVERSIONS.get(name, len(tones))):
            close = [60 + tone + 12 * (i < lowest) for i, tone in enumerate(tones)]
            for pitches in (close, [min(close) - 24, *close]):
                seen.append(chords.profiles(held(pitches), np.array([0]))[0] / chords.FULL)
                states.append(quality)
    return torch.tensor(np.array(seen), dtype=torch.float32), torch.tensor(states)


def held(pitches: list[int]) -> Score:
    """These pitches for a quarter."""
    notes = np.zeros((5, len(pitches)), dtype=np.int32)
    notes[1], notes[2], notes[3] = 480, pitches, 80
    return Score(480, *notes, tracks=(Track(),))


def log_likelihood(
    profile: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, none: torch.Tensor
) -> torch.Tensor:
    """[n, 133] of every state."""
    turned = (torch.arange(12)[:, None] + torch.arange(12)) % 12
    seen = profile[:, :, turned].transpose(1, 2).reshape(len(profile), 12, 24)
    sounding = (seen @ weight.T + bias).flatten(1)
    silent = none[0] + none[1] * profile[:, 0].sum(1)
    return torch.cat([sounding, silent[:, None]], dim=1).log_softmax(1)


def fit(profile: torch.Tensor, state: torch.Tensor) -> dict[str, np.ndarray]:
    """The table's constants in tenths of a nat."""
    book_profile, book_state = held_chords()
    prior = textbook()
    weight = prior.clone().requires_grad_()
    bias = torch.zeros(len(prior), requires_grad=True)
    none = torch.zeros(2, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias, none], max_iter=150, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        pop = nll_loss(log_likelihood(profile, weight, bias, none), state)
        book = nll_loss(log_likelihood(book_profile, weight, bias, none), book_state)
        value = pop + BOOK * book + RIDGE * ((weight - prior) ** 2).sum()
        value.backward()
        return value

    optimizer.step(loss)
    table = np.rint(10 * weight.detach().numpy())
    return {
        "SOUNDING": table[:, :12],
        "LOW": table[:, 12:],
        "QUALITY": np.rint(10 * bias.detach().numpy()),
        "NONE": np.rint(10 * none[0].item()),
        "NONE_SOUNDING": np.rint(10 * none[1].item()),
    }


def install(constants: dict[str, object]) -> None:
    for name, value in constants.items():
        setattr(chords, name, value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="pop909_midibert", help="a split of the package")
    options = parser.parse_args()
    songs = read_songs(options.data, options.split, "train")
    table = fit(*examples(songs))
    install(table)
    for name, value in table.items():
        print(name, "=", np.array2string(value.astype(int), separator=", ", max_line_width=99))
    metres = []
    for downbeat, even, odd in itertools.product((0, 2, 5), (10, 15, 20), (30, 40, 60)):
        costs = {"CHANGE_DOWNBEAT": downbeat, "CHANGE_EVEN": even, "CHANGE_ODD": odd}
        install(costs)
        metres.append((score_songs(songs[::5])["full"].mean, costs))
    plain = []
    for change in (10, 15, 20, 30):
        install({"CHANGE": change})
        plain.append((score_songs(songs[::5], without_metre)["full"].mean, {"CHANGE": change}))
    print(max(metres, key=lambda pair: pair[0]), max(plain, key=lambda pair: pair[0]))


if __name__ == "__main__":
    main()
