"""Bugs, as people make them: every place of a module where one of them fits.

A mutation replaces a piece of the source and leaves the rest, comments and all, as it is. Whether
it breaks anything is for ``build`` to find out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ostinato.rl.envs.software.table import Edit

COMPARISONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
MEMBERSHIP = {"in": "not in", "not in": "in", "is": "is not", "is not": "is"}
OPERATORS = {"+": "-", "-": "+", "*": "+", "//": "%", "%": "//"}
FUNCTIONS = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "find": "rfind",
    "rfind": "find",
    "partition": "rpartition",
    "rpartition": "partition",
    "startswith": "endswith",
    "endswith": "startswith",
    "ljust": "rjust",
    "rjust": "ljust",
    "lower": "upper",
}
COPIES = ("dict", "list", "set", "tuple", "sorted")
CLEANERS = ("strip", "lstrip", "rstrip", "lower", "upper")


def mutations(path: str, source: str) -> list[Edit]:
    """Every mutation of a module, in order of place and kind. ASCII sources only."""
    assert source.isascii(), "columns count bytes"
    found = set(_Module(path, source).walk())
    return sorted(found, key=lambda edit: (edit.start, edit.end, edit.kind, edit.text))


@dataclass
class _Scope:
    """The function around a node."""

    name: str = ""
    arguments: tuple[str, ...] = ()


class _Module:
    def __init__(self, path: str, source: str) -> None:
        self.path = path
        self.source = source
        self.starts = [0]
        for line in source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def walk(self) -> Iterator[Edit]:
        yield from self._visit(ast.parse(self.source), _Scope())

    def _visit(self, node: ast.AST, scope: _Scope) -> Iterator[Edit]:
        if isinstance(node, ast.JoinedStr):
            return  # its parts have no places of their own before Python 3.12
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            name = f"{scope.name}.{node.name}" if scope.name else node.name
            arguments = scope.arguments
            if isinstance(node, ast.FunctionDef):
                arguments = tuple(a.arg for a in node.args.args if a.arg != "self")
            scope = _Scope(name, arguments)
        for start, end, text, kind in self._of(node, scope):
            yield Edit(self.path, start, end, text, kind, scope.name)
        for child in ast.iter_child_nodes(node):
            yield from self._visit(child, scope)

    def _of(self, node: ast.AST, scope: _Scope) -> Iterator[tuple[int, int, str, str]]:
        """Mutations of one node: start, end, text, kind."""
        match node:
            case ast.Compare(left=left, comparators=[right]):
                yield from self._between(left, right, COMPARISONS, "wrong comparison")
                yield from self._between(left, right, MEMBERSHIP, "negated condition")
            case ast.BinOp(left=left, right=right):
                yield from self._between(left, right, OPERATORS, "wrong operator")
            case ast.BoolOp(values=[left, right]):
                yield from self._between(left, right, {"and": "or", "or": "and"}, "wrong operator")
            case ast.AugAssign(target=target, value=value):
                signs = {"+=": "-=", "-=": "+="}
                yield from self._between(target, value, signs, "wrong operator")
                yield *self._place(node), "pass", "dropped statement"
            case ast.Constant() if scope.name:
                yield from self._constant(node)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield *self._place(node), self._text(operand), "negated condition"
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                yield *self._place(node), self._text(operand), "wrong sign"
            case ast.Call():
                yield from self._call(node)
            case ast.Tuple(elts=[first, second]) if isinstance(node.ctx, ast.Load):
                yield from self._swap(first, second, "swapped values")
            case ast.Slice():
                for bound in (node.lower, node.upper):
                    if isinstance(bound, (ast.Name, ast.BinOp)):
                        yield *self._place(bound), f"{self._text(bound)} + 1", "off by one"
            case ast.Name(id=name, ctx=ast.Load()) if name in scope.arguments:
                for other in scope.arguments:
                    if other != name:
                        yield *self._place(node), other, "wrong variable"
            case ast.stmt() if scope.name:
                yield from self._statement(node)
            case _:
                pass

    def _constant(self, node: ast.Constant) -> Iterator[tuple[int, int, str, str]]:
        value = node.value
        if isinstance(value, bool):
            yield *self._place(node), str(not value), "wrong constant"
        elif isinstance(value, int):
            for other in (value - 1, value + 1):
                yield (
                    *self._place(node),
                    str(other),
                    "off by one" if value < 3 else "wrong constant",
                )
        elif value == " ":
            yield *self._place(node), '""', "wrong constant"

    def _call(self, node: ast.Call) -> Iterator[tuple[int, int, str, str]]:
        for left, right in pairwise(node.args):
            yield from self._swap(left, right, "swapped arguments")
        func = node.func
        name = func.id if isinstance(func, ast.Name) else ""
        if isinstance(func, ast.Attribute):
            name = func.attr
            if name in CLEANERS and not node.args:
                yield *self._place(node), self._text(func.value), "missing step"
            if name == "append" and isinstance(func.value, ast.Name):
                argument = self._text(node.args[0])
                yield *self._place(node), f"{func.value.id}.insert(0, {argument})", "wrong order"
        if name in FUNCTIONS:
            end = self._place(func)[1]
            yield end - len(name), end, FUNCTIONS[name], "wrong function"
        if isinstance(func, ast.Name) and len(node.args) == 1 and not node.keywords:
            if name in COPIES and isinstance(node.args[0], (ast.Name, ast.Attribute)):
                yield *self._place(node), self._text(node.args[0]), "missing copy"
            if name == "abs":
                yield *self._place(node), self._text(node.args[0]), "missing step"
        if name == "range":
            last = node.args[min(len(node.args), 2) - 1]
            for change in (" + 1", " - 1"):
                yield *self._place(last), self._text(last) + change, "off by one"

    def _statement(self, node: ast.stmt) -> Iterator[tuple[int, int, str, str]]:
        match node:
            case ast.Expr(value=ast.Call()) | ast.Continue() | ast.Break() | ast.Assign():
                yield *self._place(node), "pass", "dropped statement"
            case ast.If(body=[ast.Raise()], orelse=[]):
                yield *self._place(node), "pass", "missing check"
            case ast.If(test=test):
                yield *self._place(test), f"not ({self._text(test)})", "negated condition"
            case ast.For(body=body) if not isinstance(body[-1], (ast.Return, ast.Break)):
                start, end = self._place(body[-1])
                last = self.source[start:end] + "\n" + " " * body[0].col_offset + "break"
                yield start, end, last, "early exit"
            case _:
                pass

    def _between(
        self, left: ast.expr, right: ast.expr, table: dict[str, str], kind: str
    ) -> Iterator[tuple[int, int, str, str]]:
        """Another operator between two operands, whatever parentheses are around it."""
        start, end = self._place(left)[1], self._place(right)[0]
        found = self.source[start:end]
        sign = found.strip("() \n")
        if sign in table:
            at = start + found.index(sign)
            yield at, at + len(sign), table[sign], kind

    def _swap(
        self, left: ast.expr, right: ast.expr, kind: str
    ) -> Iterator[tuple[int, int, str, str]]:
        (start, middle), (after, end) = self._place(left), self._place(right)
        if self._text(left) != self._text(right):
            between = self.source[middle:after]
            yield start, end, self._text(right) + between + self._text(left), kind

    def _place(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        start = self.starts[node.lineno - 1] + node.col_offset
        return start, self.starts[node.end_lineno - 1] + node.end_col_offset

    def _text(self, node: ast.expr) -> str:
        start, end = self._place(node)
        return self.source[start:end]
