"""The report of a run: the page and the plain values."""

import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from ostinato.base.errors import UserError
from ostinato.jobs.report import report
from ostinato.jobs.report_page import page
from ostinato.jobs.report_run import read_run
from ostinato.jobs.report_summary import summary
from toy_rl_run import ENVIRONMENTS, EVENTS, RECIPE, rows, write_run

HOSTILE = "logic/<script>alert('1')</script>&amp;\"x\x1b\x00"
VOID = ("meta", "br", "img", "link", "input", "hr")
SECTIONS = (
    "Accuracy by environment",
    "Reward",
    "Length",
    "How episodes failed to end well",
    "Groups",
    "Entropy",
    "Masks and caps",
    "Sampler and trainer",
    "Gradients",
    "Curriculum",
    "Cost",
    "Tokens by turn",
    "Events",
    "The recipe",
    "The result",
)


class Balanced(HTMLParser):
    """Collects headings, and fails where an element is not closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[str] = []
        self.tags: set[str] = set()
        self.words = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert len({name for name, _ in attrs}) == len(attrs)
        if tag not in VOID:
            self.open.append(tag)
            if tag == "h2":
                self.headings.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.headings[-1] += data
        if "style" not in self.open:
            self.words += data


def read_page(text: str) -> Balanced:
    """The page, which must be well-formed for a browser and for an XML parser alike."""
    root = ElementTree.fromstring(text.removeprefix("<!DOCTYPE html>"))
    for one in root.iter():
        for value in one.attrib.values():
            assert "nan" not in re.split(r"[^a-z]", value) and "inf" not in value.split()
            assert "http:" not in value and "https:" not in value and "url(" not in value
    assert "@import" not in text and "url(" not in text
    return Balanced(text)


def page_of(folder: Path) -> Balanced:
    report(folder, None, False)
    return read_page((folder / "report.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "reason-rl"
    result = {"reason": "finished", "step": 400, "minutes": 96.7}
    return write_run(folder, rows(400), recipe=RECIPE, events=EVENTS, result=result)


def test_the_page_has_every_section_and_needs_nothing_else(whole: Path) -> None:
    found = page_of(whole)
    assert [heading for heading in found.headings if heading in SECTIONS] == list(SECTIONS)
    assert not found.tags & {"script", "link", "img", "iframe", "object", "base", "form"}
    assert "Finished at step 400 of 400." in found.words
    assert "warns below 0.99" in found.words
    for event in EVENTS:
        assert event["text"] in found.words
    assert all(name in found.words for name in ENVIRONMENTS)
    assert (whole / "report.html").stat().st_size < 1_000_000


def test_the_numbers_are_those_of_the_rows(whole: Path) -> None:
    made = rows(400)
    told = summary(read_run(whole))
    reward = told["quantities"]["reward"]
    best = max(made, key=lambda row: row["reward"])
    assert (reward["highest"], reward["highest_step"]) == (best["reward"], best["step"])
    assert (reward["first"], reward["last"]) == (made[0]["reward"], made[-1]["reward"])
    assert reward["mean_of"] == 15
    middle = [row["reward"] for row in made[93:108]]
    at_101 = read_run(whole).series("reward").smoothed.values[100]
    assert at_101 == pytest.approx(sum(middle) / 15)
    name = ENVIRONMENTS[3]
    accuracy = told["environments"][name]["accuracy"]
    assert accuracy["measured"] == "validation"
    assert accuracy["before"] == made[0][f"valid_accuracy/{name}"]
    assert accuracy["after"] == made[399][f"valid_accuracy/{name}"]
    assert told["environments"][name]["level_last"] == made[-1][f"level/{name}"]
    assert told["cost"]["seconds_train"] == pytest.approx(sum(r["seconds_train"] for r in made))
    assert told["cost"]["updates"] == 16 * 400
    assert told["turns"][0]["written"] == pytest.approx(sum(r["turn_1_tokens"] for r in made) / 400)
    assert told["events"] == {"validation": 1, "window": 3, "level": 1, "warning": 1, "resume": 1}
    assert told["ended"] and told["seconds_left"] is None


def test_the_best_reward_is_on_the_page(tmp_path: Path) -> None:
    rewards = [0.1, 0.2, 0.7654, 0.3]
    made = [{"step": n, "reward": reward} for n, reward in enumerate(rewards, start=1)]
    words = page_of(write_run(tmp_path / "run", made)).words
    assert "from 0.100, best 0.765 at step 3" in words


def test_hostile_names_are_text(tmp_path: Path) -> None:
    folder = tmp_path / "<b>run</b>"
    events = [{"step": 1, "event": "<i>warning</i>", "text": "</td><script>alert(2)</script>"}]
    recipe = {"<u>key</u>": ["</style><script>"], "correlation_floor": "high", "steps": "many"}
    made = rows(30, [HOSTILE, "maths/linear"])
    write_run(folder, made, recipe=recipe, events=events, result={"reason": "<em>"})
    found = page_of(folder)
    assert not found.tags & {"script", "u", "em"}
    assert "<script>alert('1')</script>&amp;\"x" in found.words
    assert "<b>run</b>" in found.words and "</td><script>alert(2)" in found.words
    assert "\x1b" not in found.words and "\x00" not in found.words


def test_a_half_written_last_line_is_no_row(tmp_path: Path) -> None:
    folder = write_run(tmp_path, rows(5), events=EVENTS)
    for name in ("metrics.jsonl", "events.jsonl"):
        with (folder / name).open("a") as file:
            file.write('{"step": 6, "reward": 0.9, "eve')
    (folder / "recipe.json").write_text('{"steps": 4')
    found = page_of(folder)
    assert "Step 5." in found.words
    assert summary(read_run(folder))["quantities"]["reward"]["last"] == rows(5)[-1]["reward"]


def test_a_run_without_events_recipe_and_result(tmp_path: Path) -> None:
    found = page_of(write_run(tmp_path, rows(25)))
    assert "Events" not in found.headings
    assert "The recipe" not in found.headings and "The result" not in found.headings
    assert "warns below 0.99" in found.words  # the monitors' own
    assert summary(read_run(tmp_path))["steps"] is None


def test_the_result_of_an_earlier_call_is_not_that_of_a_resumed_run(tmp_path: Path) -> None:
    result = {"reason": "interrupted", "step": 12}
    folder = write_run(tmp_path, rows(12), recipe=RECIPE, result=result)
    assert "Interrupted at step 12 of 400." in page_of(folder).words
    write_run(folder, rows(20))
    found = page_of(folder)
    assert "Step 20 of 400." in found.words and "The result" not in found.headings
    assert summary(read_run(folder))["seconds_left"] == pytest.approx(380 * 14.5)


def test_settings_within_lists_are_told_in_words(tmp_path: Path) -> None:
    entries = [{"environment": "logic/<b>", "weight": 2.0, "top": None}, {"environment": "maths"}]
    folder = write_run(tmp_path, rows(1), recipe={"curriculum": {"entries": entries}})
    assert "environment logic/<b>, weight 2; environment maths" in page_of(folder).words


def test_values_that_are_no_numbers_are_gaps_and_are_named(tmp_path: Path) -> None:
    made = rows(40)
    for row in made[10:13]:
        row |= {"reward": math.nan, "gradient_norm": math.inf, "kl": None, "entropy": "low"}
    for row in made:
        row["correlation"] = math.nan
    folder = write_run(tmp_path, made)
    told = summary(read_run(folder))
    assert told["gaps"] == {"reward": 3, "gradient_norm": 3, "correlation": 40}
    assert told["quantities"]["reward"]["last"] == made[-1]["reward"]
    assert told["quantities"]["correlation"]["last"] is None
    assert len(read_run(folder).series("kl").values) == 37
    found = page_of(folder)
    assert "reward (3), correlation (40), gradient_norm (3)" in found.words


def test_the_json_is_plain_and_holds_no_nan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = rows(30)
    made[4]["reward"] = math.nan
    folder = write_run(tmp_path / "run", made, recipe=RECIPE)
    report(folder, tmp_path / "elsewhere" / "page.html", True)
    told: dict[str, Any] = json.loads(
        capsys.readouterr().out, parse_constant=lambda name: pytest.fail(name)
    )
    assert told["kind"] == "rl" and told["step"] == 30 and told["steps"] == 400
    assert told["seconds_left"] == pytest.approx(370 * 14.5)
    assert Path(told["page"]) == tmp_path / "elsewhere" / "page.html"
    assert Path(told["page"]).is_file() and not (folder / "report.html").exists()


def test_a_run_of_one_row(tmp_path: Path) -> None:
    folder = write_run(tmp_path, rows(1), recipe={"steps": 9})
    found = page_of(folder)
    assert "Step 1 of 9." in found.words
    told = summary(read_run(folder))
    change = told["environments"][ENVIRONMENTS[0]]["accuracy"]
    assert (
        change["before"] is None
        and change["after"] == rows(1)[0][f"valid_accuracy/{ENVIRONMENTS[0]}"]
    )
    assert told["seconds_left"] == pytest.approx(8 * 14.5)


def test_without_validations_training_is_compared_and_the_page_says_so(tmp_path: Path) -> None:
    made = [{k: v for k, v in row.items() if not k.startswith("valid_")} for row in rows(40)]
    folder = write_run(tmp_path, made)
    assert summary(read_run(folder))["accuracy"]["measured"] == "training"
    assert "harder tasks later can hide progress" in page_of(folder).words


def test_a_plain_training_run_has_loss_and_rate(tmp_path: Path) -> None:
    made: list[dict[str, float]] = [
        {
            "step": step,
            "loss": 50 / step + 0.002,
            "token_loss": 50 / step,
            "router_loss": 2.0,
            "gradient_norm": 1.0,
            "learning_rate": 4e-3,
            "tokens_per_second": 9000.0,
            "seconds": step / 2,
        }
        for step in range(50, 1050, 50)
    ]
    made += [
        {"step": 500, "valid_loss": 0.3},
        {"step": 1000, "valid_loss": 0.25, "valid_score": -0.25},
    ]
    recipe = {"shards": ["shards/text"], "train": {"steps": 2000}}
    folder = write_run(tmp_path, made, recipe=recipe)
    found = page_of(folder)
    assert {"Loss", "How it ran", "Other numbers", "The recipe"} <= set(found.headings)
    assert not set(found.headings) & {"Reward", "Curriculum", "Cost", "Accuracy by environment"}
    assert "Learning rate" in found.words and "Tokens a second" in found.words
    assert "router_loss" in found.words  # what has no place of its own is shown all the same
    told = summary(read_run(folder))
    assert told["kind"] == "training" and told["steps"] == 2000 and told["seconds_left"] == 500
    assert told["quantities"]["valid_loss"]["lowest_step"] == 1000
    assert "environments" not in told


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("metrics.jsonl", None, "expected the directory of a run"),
        ("metrics.jsonl", "", "no row yet"),
        ("metrics.jsonl", '{"step": 1, "rew', "no row yet"),
        ("metrics.jsonl", "[1]\n", "expected a JSON object"),
        ("metrics.jsonl", '{"reward": 1}\n', "step, got None"),
        ("metrics.jsonl", '{"reward": 1\n{"step": 1}\n', "line 1 is no JSON"),
    ],
)
def test_what_is_no_run_is_refused_in_a_sentence(
    name: str, content: str | None, words: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=re.escape(words)) as error:
        report(tmp_path, None, False)
    assert str(tmp_path) in str(error.value) and "\n" not in str(error.value)
    with pytest.raises(UserError, match="expected the directory"):
        report(tmp_path / "nowhere", None, False)
    assert not list(tmp_path.glob("*.html"))


def test_many_steps_stay_a_small_page(tmp_path: Path) -> None:
    made = [{"step": n, "reward": math.sin(n), "entropy": 1 / n} for n in range(1, 20_001)]
    run = read_run(write_run(tmp_path, made))
    assert len(page(run)) < 150_000
