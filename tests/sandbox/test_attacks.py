"""The attack suite: every attack in every sandbox that runs here, and its control without one.

An attack "held" in a tier is a passed test. Whole tiers run at once, several attacks at a time;
the tests read what came of them.
"""

from __future__ import annotations

import functools
import os
import secrets
from collections.abc import Callable, Iterator

import pytest
from attacks.catalogue import ATTACKS, BY_NAME
from attacks.lab import Lab, Verdict
from attacks.noun import SMALL
from attacks.table import footnotes, publish, table
from attacks.tiers import TIERS, dismiss, lacking, tier
from attacks.watcher import Watcher
from attacks.world import AMBIENT_NAME

from ostinato.sandbox import available
from ostinato.sandbox.types import Command

CONTROL = "none"
QUICK = tuple(name for name, missing in available().items() if missing is None)[:1]
"""The tier that `best` takes here; the others are for `make test-long`."""
LEAST = 40
"""What the issue asks for."""

INNOCENT = {
    "a-child-not-waited-for": "import os, time\nos.fork() or os._exit(0)\ntime.sleep(0.5)\n",
    "another-program": "import subprocess\nsubprocess.run(['true'], check=True)\n",
    "threads": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(4) as pool:\n    list(pool.map(str, range(100)))\n"
    ),
    "files": (
        "import os, tempfile\nopen('a', 'w').write('x' * 100000)\nos.rename('a', 'b')\n"
        "os.makedirs('c/d')\nwith tempfile.TemporaryFile() as file:\n    file.write(b'x')\n"
    ),
    "a-pipe-to-itself": "import os\na, b = os.pipe()\nos.write(b, b'x')\nos.read(a, 1)\n",
    "an-alarm": (
        "import signal, time\nsignal.signal(signal.SIGALRM, lambda *_: None)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.05)\nsignal.pause()\n"
    ),
    "much-memory-given-back": "for _ in range(20):\n    bytes(40 << 20)\n",
}
"""What a sandbox must not take for an attack."""

Ask = Callable[[str, str], Verdict]


def cases(tiers: tuple[str, ...]) -> list[object]:
    """Every attack in every tier; the slow ones are for `make test-long`."""
    return [
        pytest.param(
            name, attack.name, marks=[] if name in QUICK and not attack.long else [pytest.mark.long]
        )
        for name in tiers
        for attack in ATTACKS
    ]


@pytest.fixture(scope="module", autouse=True)
def helpers() -> Iterator[None]:
    """None of our own processes stays: other tests look for what is left."""
    yield
    dismiss()


@pytest.fixture(scope="module")
def ask(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """The verdict on an attack in a tier: the first question about a tier runs all that is asked
    about it.
    """
    verdicts: dict[tuple[str, str], Verdict] = {}
    watcher = Watcher()

    @functools.cache
    def run(tier: str) -> None:
        specs = [getattr(item, "callspec", None) for item in request.session.items]
        pairs = [spec.params for spec in specs if spec is not None and "attack" in spec.params]
        names = [pair["attack"] for pair in pairs if pair["tier"] == tier]
        found = Lab(tier, watcher).attack_all([BY_NAME[name] for name in names])
        verdicts.update({(name, tier): verdict for name, verdict in found.items()})

    def answer(tier: str, attack: str) -> Verdict:
        if tier != CONTROL and (reason := lacking()[tier]) is not None:
            verdicts[attack, tier] = Verdict(skipped="no such tier here")
            pytest.skip(f"{tier}: {reason}")
        run(tier)
        return verdicts[attack, tier]

    os.environ[AMBIENT_NAME] = f"ambient-{secrets.token_hex(16)}"
    yield answer
    del os.environ[AMBIENT_NAME]
    watcher.close()
    columns = [tier for tier in (CONTROL, *TIERS) if any(t == tier for _, t in verdicts)]
    rows = [(str(a.category), a.name) for a in ATTACKS if any(n == a.name for n, _ in verdicts)]
    words = {pair: verdict.word for pair, verdict in verdicts.items()}
    text = "\n\n".join([table(rows, columns, words), footnotes(verdicts)])
    publish(text, tmp_path_factory.getbasetemp() / "attacks.txt")


def test_attacks_are_many() -> None:
    assert len(ATTACKS) >= LEAST


def test_some_tier_runs_here() -> None:
    """No skip: on a machine without any, nobody may train or grade on strangers' code."""
    reasons = lacking()
    assert None in reasons.values(), f"no sandbox protects here: {dict(reasons)}"


@pytest.mark.parametrize("name", INNOCENT)
@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=[] if kind in QUICK else [pytest.mark.long]) for kind in TIERS],
)
def test_innocent_program_runs(kind: str, name: str) -> None:
    if (reason := lacking()[kind]) is not None:
        pytest.skip(f"{kind}: {reason}")
    files = {"program.py": INNOCENT[name].encode()}
    outcome = tier(kind).run(Command(argv=("python", "program.py"), files=files, limits=SMALL))
    assert outcome.ok, outcome


@pytest.mark.parametrize(("tier", "attack"), cases(TIERS))
def test_attack_fails(ask: Ask, tier: str, attack: str) -> None:
    verdict = ask(tier, attack)
    if verdict.skipped:
        pytest.skip(verdict.skipped)
    assert not verdict.evidence, f"{attack} succeeded in {tier}: {verdict}"


@pytest.mark.parametrize(("tier", "attack"), cases((CONTROL,)))
def test_attack_succeeds_without_a_sandbox(ask: Ask, tier: str, attack: str) -> None:
    """The control: the same program, judged by the same oracle."""
    verdict = ask(tier, attack)
    if verdict.skipped:
        pytest.skip(verdict.skipped)
    assert verdict.evidence, f"{attack} proves nothing, it fails anyway: {verdict.detail}"
