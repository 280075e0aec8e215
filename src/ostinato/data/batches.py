"""Windows of documents as batches of tokens, assembled on the device.

A window is W consecutive rows (compound words) of one document, transposed as a whole. The
windows of a step depend on (seed, step) alone: training resumes at the very same batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from ostinato.base.errors import UserError
from ostinato.data.shards import Documents, Int64
from ostinato.data.words import WordTable, transposition_range
from ostinato.music.compoundation import CLS, PAD, SEP


@dataclass(frozen=True)
class WindowConfig:
    """The size of a window."""

    rows: int = 512
    tokens: int = 1024  # [CLS] and [SEP] included; rows that do not fit whole are left out
    slots: int = 256  # n-grams at most
    transpose: int = 6  # semitones either way, drawn anew for each window of training

    def __post_init__(self) -> None:
        if self.rows < 1 or self.tokens < 3 or self.slots < 0 or self.transpose < 0:
            raise UserError(
                "window: expected rows >= 1, tokens >= 3, slots >= 0 and transpose >= 0; got "
                f"{self.rows}, {self.tokens}, {self.slots} and {self.transpose}."
            )


@dataclass(frozen=True, eq=False)
class Windows:
    """B windows: rows ``start`` to ``stop`` of the documents, each transposed."""

    start: Int64  # [B]
    stop: Int64  # [B]
    semitones: Int64  # [B]

    def __len__(self) -> int:
        return len(self.start)

    def part(self, first: int, size: int) -> Windows:
        """Some of the windows."""
        chosen = slice(first, first + size)
        return Windows(self.start[chosen], self.stop[chosen], self.semitones[chosen])

    def spread(self, size: int) -> Windows:
        """At most ``size`` of the windows, evenly spread over them."""
        chosen = np.unique(np.linspace(0, len(self) - 1, min(size, len(self))).astype(np.int64))
        return Windows(self.start[chosen], self.stop[chosen], self.semitones[chosen])


@dataclass(frozen=True, eq=False)
class Batch:
    """B windows of T tokens; W is the number of rows of a window."""

    tokens: Tensor  # int64 [B, T]: [CLS] ... [SEP], then PAD
    row: Tensor  # int64 [B, T], row of the window that a token is a piece of, -1 for none
    label: Tensor  # int64 [B, W], 0 where a row has no label or is left out
    source: Tensor  # int64 [B, W], row of the documents, -1 where left out


class Batches:
    """Windows of some documents, on a device.

    Windows are drawn so that every row of the documents is as likely as any other to be a
    window's middle; the window is then moved inside its document.
    """

    def __init__(
        self, documents: Documents, table: WordTable, *, rows: int, device: torch.device
    ) -> None:
        self._documents = documents
        self._table = table
        self._rows = rows
        self._reach = transposition_range(documents, table)
        self._label = torch.from_numpy(documents.label.astype(np.int64)).to(device)
        self._device = device

    @property
    def num_rows(self) -> int:
        """Rows of all documents."""
        return len(self._documents.values)

    def draw(self, size: int, *, seed: int, step: int) -> Windows:
        """The random windows of a step, each with a transposition that its document allows."""
        random = np.random.default_rng((seed, step))
        middle = random.integers(0, self.num_rows, size)
        offset = self._documents.offset
        document = np.searchsorted(offset, middle, side="right") - 1
        first, last = offset[document], offset[document + 1]
        start = np.clip(middle - self._rows // 2, first, np.maximum(first, last - self._rows))
        low, high = self._reach[document].T
        semitones = random.integers(low, high + 1)
        return Windows(start, np.minimum(start + self._rows, last), semitones)

    def grid(self, stride: int) -> Windows:
        """Windows that cover every row: one each ``stride`` rows, and one at each end."""
        assert 1 <= stride <= self._rows, f"a stride of {stride} leaves rows uncovered"
        starts: list[Int64] = []
        stops: list[Int64] = []
        offset = self._documents.offset
        for first, last in pairwise(offset.tolist()):
            if first == last:
                continue
            final = max(first, last - self._rows)
            begin = np.append(np.arange(first, final, stride, dtype=np.int64), final)
            starts.append(begin)
            stops.append(np.minimum(begin + self._rows, last))
        start = np.concatenate(starts) if starts else np.zeros(0, np.int64)
        stop = np.concatenate(stops) if stops else np.zeros(0, np.int64)
        return Windows(start, stop, np.zeros_like(start))

    def assemble(self, windows: Windows, *, tokens: int | None) -> Batch:
        """Windows as a batch of ``tokens`` tokens, whatever they hold: a static shape.

        None makes it as wide as the longest window needs, up to a multiple of 64.
        """
        start, stop, semitones = self._send(windows)
        source = start[:, None] + torch.arange(self._rows, device=self._device)
        inside = source < stop[:, None]
        at = torch.where(inside, source, 0)
        distinct = self._table.row_word[at].long()
        word = self._table.shifted[distinct, semitones[:, None] + self._table.transpose].long()
        word = torch.where(inside, word, 0)
        count = torch.where(inside, self._table.count[word], 0).long()
        end = count.cumsum(1)
        width = tokens or -(-(int(end[:, -1].max()) + 2) // 64) * 64
        kept = inside & (end + 2 <= width)
        placed, row = _place(self._table.pieces[word], count, end, kept, width)
        label = torch.where(kept, self._label[at], 0)
        return Batch(placed, row, label, torch.where(kept, source, -1))

    def batches(self, windows: Windows, size: int) -> Iterator[Batch]:
        """All windows in batches of at most ``size``, wide enough for every row."""
        for first in range(0, len(windows), size):
            yield self.assemble(windows.part(first, size), tokens=None)

    def _send(self, windows: Windows) -> Tensor:
        """Start, stop and semitones on the device, int64 [3, B], without waiting for it."""
        packed = torch.from_numpy(np.stack([windows.start, windows.stop, windows.semitones]))
        if self._device.type == "cuda":
            packed = packed.pin_memory()
        return packed.to(self._device, non_blocking=True)


def _place(
    pieces: Tensor, count: Tensor, end: Tensor, kept: Tensor, width: int
) -> tuple[Tensor, Tensor]:
    """Pieces [B, W, F] one after the other behind [CLS]; rows that are not kept vanish."""
    batch, rows, most = pieces.shape
    piece = torch.arange(most, device=pieces.device)
    used = (piece < count[..., None]) & kept[..., None]
    # What is not used goes to a last column, which is cut off.
    target = torch.where(used, 1 + (end - count)[..., None] + piece, width).flatten(1)
    tokens = torch.full((batch, width + 1), PAD, dtype=torch.int64, device=pieces.device)
    tokens.scatter_(1, target, pieces.long().flatten(1))
    tokens[:, 0] = CLS
    total = torch.where(kept, end, 0).amax(1, keepdim=True)
    tokens.scatter_(1, total + 1, SEP)
    owner = torch.arange(rows, device=pieces.device)[:, None].expand(rows, most)
    row = torch.full((batch, width + 1), -1, dtype=torch.int64, device=pieces.device)
    row.scatter_(1, target, owner.reshape(1, -1).expand(batch, -1))
    return tokens[:, :width].contiguous(), row[:, :width].contiguous()


def middle_weight(source: Tensor) -> Tensor:
    """How much a window's answer for each of its rows counts, float32 [B, W]; 0 left out.

    1 at either end of a window and rising by 1 a row towards its middle, which it knows best.
    """
    inside = source >= 0
    place = torch.arange(1, source.shape[1] + 1, device=source.device)
    from_end = torch.minimum(place, inside.sum(1, keepdim=True) + 1 - place)
    return torch.where(inside, from_end, 0).float()
