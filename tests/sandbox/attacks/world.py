"""The outside world of one run: what must stay unread, unchanged, unheard and alive."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import platform
import secrets
import select
import shutil
import socket
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from attacks.sentinel import Sentinel
from ostinato.sandbox.types import Outcome

AMBIENT_NAME = "ATTACKS_AMBIENT_SECRET"
"""A variable in our own environment, set by the tests, that must not be inherited."""
MARK = "canary-"
WORLD = "attacked-"
"""What the names of our directories begin with."""


class Neighbour(Protocol):
    """A harmless run that goes on beside an attack."""

    token: str
    secret: str
    pid: int
    fault: str
    """Why there is no outcome."""

    def outcome(self) -> Outcome | None:
        """Waits for its end."""
        ...


class World(Mapping[str, str]):
    """Facts for a program's text, made when they are first asked for, as Python literals.

    The canary and its directory belong to ``owner``, the uid as which the program runs, and are
    open to everyone: only the sandbox protects them.
    """

    def __init__(self, owner: int | None, start_neighbour: Callable[[], Neighbour]) -> None:
        self.token = f"run-{secrets.token_hex(8)}"
        self.secret = f"secret-{secrets.token_hex(16)}"
        self.owner = owner
        self.heard: list[str] = []
        """What listeners received, as ``kind``."""
        self.dir = Path(tempfile.mkdtemp(prefix=WORLD, dir=_root()))
        self.canary = self.dir / f"{MARK}{self.secret[-8:]}"
        self.canary.write_text(self.secret)
        treasure = self.dir / "treasure"
        treasure.write_text(self.secret)
        treasure.chmod(0o644)
        self.key_owners = key_owners()
        with contextlib.suppress(OSError):  # a file system without attributes
            os.setxattr(self.canary, "user.note", self.secret.encode())
        for path, mode in ((self.dir, 0o777), (self.canary, 0o666)):
            if owner is not None and os.getuid() == 0:
                os.chown(path, owner, owner)
            path.chmod(mode)
        self._before = self._state()
        self._made: dict[str, object] = {}
        self.secret_port = 0
        self._closing = contextlib.ExitStack()
        self._over = threading.Event()
        self.sentinel: Sentinel | None = None
        self._start_neighbour = start_neighbour
        self._neighbour: Neighbour | None = None

    # A mapping for string.Template: a fact is made when it is looked up.
    def __getitem__(self, name: str) -> str:
        if name not in self._made:
            self._made[name] = self._facts()[name]()
        return repr(self._made[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts())

    def __len__(self) -> int:
        return len(self._facts())

    def _facts(self) -> Mapping[str, Callable[[], object]]:
        return {
            "token": lambda: self.token,
            "dir": lambda: str(self.dir),
            "canary": lambda: str(self.canary),
            "grader": os.getpid,
            "ambient": lambda: AMBIENT_NAME,
            "tcp": lambda: self._stream(socket.AF_INET, ("127.0.0.1", 0), "tcp"),
            "tcp6": lambda: self._stream(socket.AF_INET6, ("::1", 0), "tcp6"),
            "udp": lambda: self._datagram(socket.AF_INET, ("127.0.0.1", 0), "udp"),
            "unix": lambda: self._unix(socket.SOCK_STREAM),
            "unix_datagram": lambda: self._unix(socket.SOCK_DGRAM),
            "abstract": self._abstract,
            "icmp": self._icmp,
            "chatter": self._chatter,
            "free_port": self._knock,
            "fifo": self._fifo,
            "inherited": self._inheritable,
            "setuid": self._setuid,
            "sealed": self._sealed,
            "disk": self._disk,
            "secret_listener": self._secret_listener,
            "sentinel": lambda: self._start().pid,
            "sentinel_address": lambda: self._start().address,
            "sentinel_descriptor": lambda: self._start().descriptor,
            "neighbour": lambda: self.neighbour.pid,
            "neighbour_token": lambda: self.neighbour.token,
            "key": lambda: int(self.token[-6:], 16) | 1 << 28,
        }

    @property
    def neighbour(self) -> Neighbour:
        """Another run of the same tier, started when it is first asked for."""
        if self._neighbour is None:
            self._neighbour = self._start_neighbour()
            self._closing.callback(self._neighbour.outcome)
        return self._neighbour

    # Evidence, each "" where there is none.

    def leaked(self, output: bytes) -> str:
        return "the secret came out" if self.secret.encode() in output else ""

    def changed(self) -> str:
        now = self._state()
        return "" if now == self._before else f"outside changed: {self._before} -> {now}"

    def planted(self) -> str:
        """Files named by the token where everyone may write, and beside the interpreter's."""
        places = ("/dev/shm", "/tmp", "/var/tmp", "/run", str(Path(os.__file__).parent))
        found = [path for place in places if (path := Path(place, self.token)).exists()]
        for path in found:
            path.unlink()
        return f"left behind: {', '.join(map(str, found))}" if found else ""

    def release(self, kind: str, key: int) -> None:
        """Remove a System V object that an attack left."""
        libc = ctypes.CDLL(None)
        get, control = getattr(libc, f"{kind}get"), getattr(libc, f"{kind}ctl")
        found = get(key, 0) if kind == "msg" else get(key, 0, 0)
        control(found, 0, 0) if kind != "sem" else control(found, 0, 0, 0)

    def queue_left(self) -> str:
        """A message queue named by the token, which is removed."""
        number = 241 if platform.machine() == "x86_64" else 181
        removed = ctypes.CDLL(None).syscall(number, self.token.encode()) == 0
        return "a message queue stays" if removed else ""

    def _state(self) -> str:
        """The directory and the canary; not what listeners put there."""
        ours = {"socket", "datagram", "fifo", "setuid", "sealed", "sentinel"}
        found: dict[str, object] = {}
        for path in sorted(self.dir.rglob("*")):
            if path.name in ours:
                continue
            facts = path.lstat()
            # Without the time of the last reading.
            found[path.name] = (
                *(facts.st_mode, facts.st_uid, facts.st_gid, facts.st_nlink),
                *(facts.st_size, facts.st_mtime_ns, os.listxattr(path, follow_symlinks=False)),
                path.read_text(errors="replace") if path.is_file() else "",
            )
        return json.dumps(found)

    def heard_something(self) -> str:
        """After a moment for what is under way."""
        if self._closing and not self.heard:
            time.sleep(0.05)
        return f"heard: {', '.join(self.heard)}" if self.heard else ""

    # Listeners.

    def _serve(self, listener: socket.socket, kind: str, accepts: bool) -> None:
        self._closing.enter_context(listener)

        def hear() -> None:
            while not self._over.is_set():
                if select.select([listener], [], [], 0.02)[0]:
                    if accepts:
                        listener.accept()[0].close()
                    else:
                        data = listener.recv(65536)
                        if kind == "icmp" and self.token.encode() not in data:
                            continue
                    self.heard.append(kind)

        self._thread(hear)

    def _thread(self, work: Callable[[], None]) -> None:
        def guarded() -> None:
            with contextlib.suppress(OSError, ValueError):  # closed under its hands
                work()

        thread = threading.Thread(target=guarded, daemon=True)
        thread.start()
        self._closing.callback(thread.join)

    def _stream(self, family: socket.AddressFamily, address: tuple[str, int], kind: str) -> int:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.bind(address)
        listener.listen()
        self._serve(listener, kind, accepts=True)
        return int(listener.getsockname()[1])

    def _datagram(self, family: socket.AddressFamily, address: tuple[str, int], kind: str) -> int:
        listener = socket.socket(family, socket.SOCK_DGRAM)
        listener.bind(address)
        self._serve(listener, kind, accepts=False)
        return int(listener.getsockname()[1])

    def _unix(self, kind: socket.SocketKind) -> str:
        path = self.dir / ("socket" if kind is socket.SOCK_STREAM else "datagram")
        listener = socket.socket(socket.AF_UNIX, kind)
        listener.bind(str(path))
        path.chmod(0o777)
        if kind is socket.SOCK_STREAM:
            listener.listen()
        self._serve(listener, path.name, accepts=kind is socket.SOCK_STREAM)
        return str(path)

    def _abstract(self) -> str:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(f"\0{self.token}")
        listener.listen()
        self._serve(listener, "abstract", accepts=True)
        return f"\0{self.token}"

    def _icmp(self) -> str:
        with contextlib.suppress(PermissionError):
            listener = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
            self._serve(listener, "icmp", accepts=False)
        return "127.0.0.1"

    def _chatter(self) -> int:
        """Somebody talks on the loopback, secrets included."""
        port = self._datagram(socket.AF_INET, ("127.0.0.1", 0), "own")

        def talk() -> None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as voice:
                while not self._over.wait(0.02):
                    voice.sendto(self.secret.encode(), ("127.0.0.1", port))

        self._thread(talk)
        return port

    def _knock(self) -> int:
        """A port at which the trusted side tries whether somebody listens."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])

        def knock() -> None:
            while not self._over.wait(0.02):
                with contextlib.suppress(OSError), socket.socket() as visitor:
                    visitor.settimeout(0.2)
                    visitor.connect(("127.0.0.1", port))
                    if visitor.getsockname() != visitor.getpeername():  # a port can meet itself
                        self.heard.append("a listener inside")
                        return

        self._thread(knock)
        return port

    def _fifo(self) -> str:
        path = self.dir / "fifo"
        os.mkfifo(path)
        path.chmod(0o666)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self._closing.callback(os.close, reader)

        def hear() -> None:
            while not self._over.wait(0.02):
                with contextlib.suppress(BlockingIOError):
                    if os.read(reader, 100):
                        self.heard.append("fifo")
                        return

        self._thread(hear)
        return str(path)

    # Things to steal.

    def _inheritable(self) -> int:
        """A descriptor of ours that a careless ``fork`` and ``exec`` would hand on."""
        descriptor = os.open(self.canary, os.O_RDONLY)
        os.set_inheritable(descriptor, True)
        self._closing.callback(os.close, descriptor)
        return descriptor

    def _sealed(self) -> str:
        """A second canary, of root alone."""
        path = self.dir / "sealed"
        path.write_text(self.secret)
        path.chmod(0o600)
        return str(path)

    def _setuid(self) -> str:
        """A program that reads any file for anyone."""
        path = self.dir / "setuid"
        found = shutil.which("cat")
        assert found, "no cat on this machine"
        shutil.copy(found, path)
        path.chmod(0o4755)
        return str(path)

    def _disk(self) -> int:
        return self.dir.stat().st_dev

    def volume_id(self) -> bytes:
        """What only the raw device of the file system knows: 16 bytes of an ext4 superblock."""
        device = self.dir.stat().st_dev
        path = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve().name
        with open(f"/dev/{path}", "rb") as file:  # noqa: PTH123
            file.seek(1024)
            return file.read(1024)[104:120]

    def _secret_listener(self) -> bool:
        """Somebody listens; the program is not told where."""
        self.secret_port = self._stream(socket.AF_INET, ("127.0.0.1", 0), "unasked")
        return True

    def _start(self) -> Sentinel:
        if self.sentinel is None:
            self.sentinel = Sentinel(self.dir / "sentinel", self.secret, self.owner)
            self._closing.callback(self.sentinel.close)
        return self.sentinel

    def close(self) -> None:
        self._over.set()
        self._closing.close()
        shutil.rmtree(self.dir, ignore_errors=True)


def key_owners() -> frozenset[int]:
    """The uids that have keys in the kernel."""
    lines = Path("/proc/key-users").read_text().splitlines()
    return frozenset(
        int(line.split(":")[0]) for line in lines if not line.split()[2].startswith("0/")
    )


def has_disk() -> bool:
    """The directory for temporary files lies on an ext4 block device that we may read."""
    device = Path(_root()).stat().st_dev
    path = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")
    node = Path("/dev") / path.resolve().name
    if os.major(device) == 0 or not path.exists():
        return False
    try:
        with node.open("rb") as file:
            file.seek(1024 + 56)
            return stat.S_ISBLK(node.stat().st_mode) and file.read(2) == b"\x53\xef"
    except OSError:  # a container's rules, which bind root too
        return False


def _root() -> str:
    """Where everyone may go: pytest's own directory is closed to other users."""
    return tempfile.gettempdir()
