"""Tables of positions: made once for all layers, in compiled code too.

The compiler counts arithmetic as free beside what is read from memory: ``torch.compile`` puts that
of a table (powers, cosines and sines, some of them float64) into every kernel that reads it, where
it is done anew for each element of each layer, forward and backward. An operator that the compiler
does not look into is called once, and what it made is read.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import torch
from torch import library

P = ParamSpec("P")
R = TypeVar("R")


def opaque(schema: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a function of tensors that needs no gradient: compiled code calls it as it is.

    ``schema`` says its arguments and results as torch's operators do, without a name.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        name = f"ostinato::{function.__name__}"
        operator = library.custom_op(name, function, mutates_args=(), schema=schema)
        operator.register_fake(function)

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            called = operator if torch.compiler.is_compiling() else function
            return called(*args, **kwargs)

        return call

    return decorate
