"""Small conversations with tool calls, in the words of the chat format."""

from __future__ import annotations

from random import Random

from ostinato.chat.messages import Message, ToolCall, ToolResult, json_line
from ostinato.chat.template import ASSISTANT, RESULTS, USER, reply
from ostinato.rl.traces.arithmetic import Work
from ostinato.rl.traces.text.vocabulary import COLOURS, NAMES, WORDS


def dialogue(rng: Random) -> str:
    """A wish, calls and what they give, and the answer."""
    make = rng.choice((_stock, _total, _order, _note))
    return "\n".join([*map(_shown, make(rng)), ""])


def _stock(rng: Random) -> list[Message]:
    """One row of several."""
    name, colours = rng.choice(WORDS), rng.sample(COLOURS, rng.randint(2, 4))
    rows = [
        {
            "sku": f"S-{rng.randrange(100, 1000)}",
            "name": name,
            "colour": c,
            "stock": rng.randrange(30),
        }
        for c in colours
    ]
    row = rng.choice(rows)
    thing = f"{row['colour']} {name}"
    asked = rng.random() < 0.5
    wish = f"How many of the {thing} are there?" if asked else f"Which number has the {thing}?"
    value = str(row["stock"] if asked else row["sku"])
    found = f"{row['colour']} is {row['sku']}, stock {row['stock']}."
    return [
        Message("user", wish),
        _call(f"Find the {name}.", "find_products", {"name": name}),
        _result("find_products", rows),
        Message("assistant", value, thinking=f"{found} {'Stock' if asked else 'Number'}: {value}."),
    ]


def _total(rng: Random) -> list[Message]:
    """Prices, looked up and added."""
    things = rng.sample(WORDS, 2)
    prices = [rng.randrange(5, 150) for _ in things]
    said = [Message("user", f"What do the {things[0]} and the {things[1]} cost together?")]
    for number, (thing, price) in enumerate(zip(things, prices, strict=True)):
        before = f"The {things[0]} costs {prices[0]}. Next" if number else "First"
        said.append(_call(f"{before} the {thing}.", "get_price", {"name": thing}))
        said.append(_result("get_price", {"name": thing, "price": price}))
    work = Work()
    total = work.total(prices)
    thinking = f"The {things[1]} costs {prices[1]}. {work.text}"
    return [*said, Message("assistant", str(total), thinking=thinking)]


def _order(rng: Random) -> list[Message]:
    """A rule held against what was found."""
    number, thing = f"W{rng.randrange(10000, 100000)}", f"{rng.choice(COLOURS)} {rng.choice(WORDS)}"
    status = rng.choice(("processing", "shipped", "delivered"))
    row = {"order_id": number, "customer": rng.choice(NAMES), "status": status, "item": thing}
    said = [
        Message("user", f"Orders can be cancelled while processing. Please cancel order {number}."),
        _call(f"Read {number}.", "get_order", {"order_id": number}),
        _result("get_order", row),
    ]
    thinking = f"The status of {number} is {status}."
    if status != "processing":
        return [
            *said,
            _call(f"{thinking} Not allowed.", "decline", {"reason": f"already_{status}"}),
        ]
    return [*said, _call(f"{thinking} Allowed.", "cancel_order", {"order_id": number})]


def _note(rng: Random) -> list[Message]:
    """A word of a file replaced."""
    path, words = f"{rng.choice(WORDS)}.txt", rng.sample(WORDS, rng.randint(3, 6))
    at = rng.randrange(len(words))
    new = rng.choice(WORDS)
    lines = "\n".join(f"{number}\t{word}" for number, word in enumerate(words, start=1))
    change = {"path": path, "old": words[at], "new": new}
    return [
        Message("user", f"Line {at + 1} of {path} should be {new}."),
        _call(f"Read {path}.", "read_file", {"path": path}),
        Message("tool", results=(ToolResult("read_file", lines),)),
        _call(f"{at + 1} {words[at]}\nRight:\n{new}", "edit_file", change),
    ]


def _call(thinking: str, name: str, arguments: dict[str, str]) -> Message:
    return Message("assistant", tool_calls=(ToolCall(name, dict(arguments)),), thinking=thinking)


def _result(name: str, value: object) -> Message:
    return Message("tool", results=(ToolResult(name, json_line(value)),))


def _shown(message: Message) -> str:
    """The turn as text, without the markers around it."""
    if message.role == "assistant":
        return ASSISTANT + reply(message)
    if message.role == "tool":
        return RESULTS + "".join(
            f"tool name: {one.name}\ntool result: {one.text}" for one in message.results
        )
    return USER + message.content
