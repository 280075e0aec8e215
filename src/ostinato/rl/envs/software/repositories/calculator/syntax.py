"""From tokens to a tree: ``("number", 3)``, ``("name", "x")``, ``("neg", tree)``,
``("call", name, [trees])`` and ``(operator, left, right)``.
"""

from tokens import CalculatorError, tokenize

END = ("end", None)


def parse(text):
    """The tree of an expression."""
    parser = _Parser(tokenize(text))
    tree = parser.sum()
    if parser.peek() != END:
        raise CalculatorError("something stands after the expression")
    return tree


class _Parser:
    def __init__(self, tokens):
        self.tokens = tokens
        self.at = 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else END

    def take(self):
        token = self.peek()
        self.at += 1
        return token

    def take_symbol(self, symbols):
        """The next symbol if it is one of these, else None."""
        kind, value = self.peek()
        if kind == "symbol" and value in symbols:
            self.at += 1
            return value
        return None

    def expect(self, symbol):
        if self.take_symbol(symbol) is None:
            raise CalculatorError(f"expected {symbol!r}")

    def sum(self):
        tree = self.product()
        while operator := self.take_symbol("+-"):
            tree = (operator, tree, self.product())
        return tree

    def product(self):
        tree = self.unary()
        while operator := self.take_symbol("*/%"):
            tree = (operator, tree, self.unary())
        return tree

    def unary(self):
        if self.take_symbol("-"):
            return ("neg", self.unary())
        return self.power()

    def power(self):
        base = self.atom()
        if self.take_symbol("^"):
            return ("^", base, self.unary())
        return base

    def atom(self):
        kind, value = self.take()
        if kind == "number":
            return ("number", value)
        if kind == "name":
            if self.take_symbol("("):
                return ("call", value, self.arguments())
            return ("name", value)
        if (kind, value) == ("symbol", "("):
            tree = self.sum()
            self.expect(")")
            return tree
        raise CalculatorError("expected a number, a name or a parenthesis")

    def arguments(self):
        found = [self.sum()]
        while self.take_symbol(","):
            found.append(self.sum())
        self.expect(")")
        return found
