"""A sandbox that lacks anything is not offered, and says what it lacks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ostinato.base.errors import UserError
from ostinato.sandbox import Command, Outcome, SandboxError, Status, available, best, choose
from ostinato.sandbox.bubblewrap import Bubblewrap
from ostinato.sandbox.landlock import Landlock
from ostinato.sandbox.probe import weakness
from ostinato.sandbox.runsc import Runsc

SOURCE = Path(__file__).resolve().parents[2] / "src"
HELLO = Command(argv=("python", "-c", "print('ran')"))


class Open:
    """No sandbox at all."""

    name = "open"

    def run(self, command: Command) -> Outcome:
        read, write = os.pipe()
        script = f"import os; os.dup2({write}, 3)\n{command.argv[2]}"
        argv = [sys.executable, "-c", script, *command.argv[3:]]
        done = subprocess.run(argv, capture_output=True, pass_fds=(write,), check=False)
        os.close(write)
        reply = os.read(read, 1 << 16)
        os.close(read)
        return Outcome(
            status=Status.EXITED,
            exit_code=done.returncode,
            signal=None,
            stdout=done.stdout,
            stderr=done.stderr,
            reply=reply,
            files={},
            wall_seconds=0.0,
            cpu_seconds=0.0,
            peak_memory_bytes=0,
        )

    async def run_async(self, command: Command) -> Outcome:
        raise NotImplementedError


def test_some_sandbox_runs_here() -> None:
    assert best().run(HELLO).stdout == b"ran\n"


def test_the_best_is_the_first_that_is_available() -> None:
    offered = [name for name, reason in available().items() if reason is None]
    assert list(available()) == ["landlock", "bubblewrap", "runsc"]
    assert best().name == offered[0]


def test_every_sandbox_is_there_or_says_why_not() -> None:
    for name, reason in available().items():
        if reason is None:
            assert choose(name).name == name
        else:
            with pytest.raises(SandboxError, match=reason[:20]):
                choose(name)


def test_an_unknown_name() -> None:
    with pytest.raises(UserError, match=r"landlock, bubblewrap, runsc.*'docker'"):
        choose("docker")


def test_the_probe_sees_that_there_is_no_sandbox() -> None:
    said = weakness(Open(), sees_pids=True)
    assert said is not None
    for what in ("read a file outside", "write a file outside", "open a socket", "signal"):
        assert what in said


@pytest.mark.parametrize(
    ("abi", "needle"), [(0, "CONFIG_SECURITY_LANDLOCK"), (1, "version 1"), (2, "Linux 6.2")]
)
def test_an_old_landlock_runs_nothing(abi: int, needle: str) -> None:
    old = Landlock(abi=abi)
    assert needle in (old.missing() or "")
    with pytest.raises(SandboxError, match=needle):
        old.run(HELLO)


@pytest.mark.parametrize("abi", [3, 4, 5])
def test_landlock_before_signals_were_scoped_still_holds(abi: int) -> None:
    if available()["landlock"] is not None:
        pytest.skip(f"no landlock sandbox here: {available()['landlock']}")
    assert weakness(Landlock(abi=abi), sees_pids=True) is None


def test_a_program_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    for tier, package in ((Bubblewrap(), "bubblewrap"), (Runsc(), "gVisor")):
        assert package in (tier.missing() or "")
        with pytest.raises(SandboxError, match=package):
            tier.run(HELLO)


def test_a_wrapper_that_fails_runs_nothing() -> None:
    assert weakness(Bubblewrap(program="/bin/false"), sees_pids=False) is not None


@pytest.mark.parametrize("call", ["landlock_ruleset", "landlock_enter", "seccomp_enter"])
def test_a_step_that_the_kernel_refuses_runs_nothing(call: str, tmp_path: Path) -> None:
    """The supervisor itself, with one call of the kernel made to fail."""
    if available()["landlock"] is not None:
        pytest.skip(f"no landlock sandbox here: {available()['landlock']}")
    mark = tmp_path / "ran"
    program = f"""
import errno, sys
sys.path.insert(0, {str(SOURCE)!r})
from ostinato.sandbox.supervisor import kernel, main
from ostinato.sandbox.landlock import Landlock
from ostinato.sandbox import Command
def refuse(*arguments):
    raise OSError(errno.ENOSYS, "refused")
job = Landlock()._job(Command(argv=("python", "-c", "open({str(mark)!r}, 'w')")))
kernel.{call} = refuse
import os
print(main._run(job, os.pipe()[0]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert "error" in done.stdout, done.stderr
    assert not mark.exists()


AS_NOBODY = """
import os
from ostinato.sandbox import Command, Limits, available, choose
for name, reason in available().items():
    if reason is not None:
        continue
    for code in (
        "print(6 * 7)",
        "import os\\nwhile True: os.fork()",
        "open('/etc/passwd')",
        "import os; os.kill(%d, 0)" % os.getpid(),
        "import os; os.chmod('.', 0); os.utime('/dev/null')",
    ):
        outcome = choose(name).run(Command(argv=("python", "-c", code)))
        print(name, outcome.status, outcome.exit_code, outcome.stdout, flush=True)
"""


def test_as_an_ordinary_user() -> None:
    other = shutil.which("python3", path="/usr/local/bin:/usr/bin:/bin")
    if os.geteuid() != 0 or other is None:
        pytest.skip("needs root, who can become nobody, and a Python that nobody can run")
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    environment = {"PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(code: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [other, "-S", "-c", code],
            user=65534,
            group=65534,
            extra_groups=[],
            env=environment,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )

    if run(f"{check}; import ostinato.sandbox").returncode:
        pytest.skip(f"nobody cannot run {other} >= 3.11 with {SOURCE}")
    done = run(AS_NOBODY)
    assert done.returncode == 0, done.stderr
    assert done.stdout, done.stderr
    for name in {line.split()[0] for line in done.stdout.splitlines()}:
        lines = [line for line in done.stdout.splitlines() if line.startswith(name)]
        first, bomb, read, signal, _ = lines
        assert first == f"{name} exited 0 b'42\\n'"
        assert bomb.startswith(f"{name} processes None")
        assert read.startswith(f"{name} exited 1")
        assert signal.startswith(f"{name} exited 1")
    assert "landlock" in done.stdout or available()["landlock"] is not None


@pytest.mark.parametrize("held", ["docker", "none"])
def test_as_root_with_fewer_capabilities(held: str) -> None:
    """With those of a container it still holds; without any it is not offered."""
    setpriv = shutil.which("setpriv")
    if os.geteuid() != 0 or setpriv is None or available()["landlock"] is not None:
        pytest.skip("needs root, setpriv and Landlock")
    kept = ("chown", "dac_override", "fowner", "kill", "setgid", "setuid", "setpcap")
    bounding = "-all" + "".join(f",+{name}" for name in kept if held == "docker")
    code = """
from ostinato.sandbox import Command, available, choose
print(available()["landlock"])
bomb = Command(argv=("python", "-c", "import os\\nwhile True: os.fork()"))
if available()["landlock"] is None:
    print(choose("landlock").run(bomb).status)
"""
    done = subprocess.run(
        [setpriv, "--bounding-set", bounding, "--", sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    if held == "docker":
        assert done.stdout == "None\nprocesses\n", done.stderr
    else:
        assert "root lacks" in done.stdout, done.stderr


def test_the_first_tier_is_offered_wherever_the_kernel_has_what_it_needs() -> None:
    """Other tests skip a tier that is not offered: a defect of ours must not pass for a lack."""
    if (missing := Landlock().missing()) is not None:
        pytest.skip(f"landlock: {missing}")
    assert available()["landlock"] is None


def test_bubblewrap_is_offered_wherever_the_program_can_make_its_namespaces() -> None:
    if (missing := Bubblewrap().missing()) is not None:
        pytest.skip(f"bubblewrap: {missing}")
    trial = ["bwrap", "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/", "true"]
    if subprocess.run(trial, capture_output=True, check=False).returncode:
        pytest.skip("bubblewrap: this machine lets it make no namespaces")
    assert available()["bubblewrap"] is None


@pytest.mark.parametrize("name", available())
def test_no_tier_is_left_out_because_a_program_got_out(name: str) -> None:
    assert "does not hold" not in (available()[name] or "")
