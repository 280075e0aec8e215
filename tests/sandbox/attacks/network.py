"""Attacks that talk to somebody, or listen."""

from __future__ import annotations

from attacks.files import leaks
from attacks.noun import Attack, Category, Need, Oracle, Run
from attacks.world import World


def hears(world: World, run: Run) -> str:
    return world.heard_something()


def _attack(name: str, program: str, succeeded: Oracle = hears, *needs: Need) -> Attack:
    return Attack(
        name=name,
        category=Category.NETWORK,
        program=program,
        succeeded=succeeded,
        needs=frozenset(needs),
        watch=frozenset({"held"}) if succeeded is holds_vsock else frozenset(),
    )


def holds_vsock(world: World, run: Run) -> str:
    """There is one space of these addresses for the whole machine: a socket reaches outside."""
    return "it held a socket of AF_VSOCK" if "family:40" in run.seen.held else ""


def _card(world: World, run: Run) -> str:
    return "it knows our network card" if any(card in run.output for card in cards()) else ""


def cards() -> list[bytes]:
    """The raw hardware addresses of this machine's network cards, as netlink gives them."""
    from pathlib import Path

    texts = [path.read_text().strip() for path in Path("/sys/class/net").glob("*/address")]
    raw = [bytes.fromhex(text.replace(":", "")) for text in texts if text]
    return [address for address in raw if len(address) == 6 and any(address)]


def _listeners(world: World, run: Run) -> str:
    return "it lists our listeners" if str(world.secret_port).encode() in run.output else ""


NETWORK = (
    _attack("tcp", "socket.create_connection(('127.0.0.1', $tcp))"),
    _attack("tcp-over-ipv6", "socket.create_connection(('::1', $tcp6))"),
    _attack(
        "tcp-fast-open",
        """\
line = socket.socket()
line.sendto(b"hello", socket.MSG_FASTOPEN, ("127.0.0.1", $tcp))
""",
    ),
    _attack(
        "multipath-tcp",
        """\
try:
    line = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
except OSError as error:
    absent(f"no multipath TCP: {error}")
line.connect(("127.0.0.1", $tcp))
""",
    ),
    _attack(
        "tcp-without-waiting",
        """\
line = socket.socket()
line.setblocking(False)
line.connect_ex(("127.0.0.1", $tcp))
time.sleep(0.2)
""",
    ),
    _attack(
        "listen",
        """\
door = socket.socket()
door.bind(("127.0.0.1", $free_port))
door.listen()
door.settimeout(1.5)
door.accept()
""",
    ),
    _attack(
        "listen-without-binding",
        """\
door = socket.socket()
door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
door.bind(("0.0.0.0", $free_port))
door.listen()
door.settimeout(1.5)
door.accept()
""",
    ),
    _attack(
        "udp",
        """\
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
line.sendto(b"hello", ("127.0.0.1", $udp))
""",
    ),
    _attack(
        "udp-many-messages",
        """\
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
line.connect(("127.0.0.1", $udp))
line.sendmsg([b"hello"])
""",
    ),
    _attack(
        "name-query",
        """\
name = b"".join(bytes([len(part)]) + part for part in (b"secret", b"example", b""))
query = struct.pack("!6H", 7, 0x100, 1, 0, 0, 0) + name + struct.pack("!2H", 1, 1)
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(query, ("127.0.0.1", $udp))
""",
    ),
    _attack(
        "udp-by-shell",
        """\
os.execvp("bash", ["bash", "-c", "echo hello > /dev/udp/127.0.0.1/%d" % $udp])
""",
    ),
    _attack("unix-stream", "socket.socket(socket.AF_UNIX).connect($unix)"),
    _attack(
        "unix-datagram",
        "socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'hello', $unix_datagram)",
    ),
    _attack(
        "unix-by-descriptor",
        """\
place = os.open($unix, os.O_PATH)
socket.socket(socket.AF_UNIX).connect(f"/proc/self/fd/{place}")
""",
    ),
    _attack("unix-abstract", "socket.socket(socket.AF_UNIX).connect($abstract)"),
    _attack(
        "icmp-raw",
        """\
to = ($icmp, 0)
line = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
line.sendto(struct.pack("!BBHHH", 8, 0, 0, 1, 1) + $token.encode(), to)
""",
        hears,
        Need.ROOT,
    ),
    _attack(
        "sniff",
        """\
assert $chatter
ear = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
ear.settimeout(0.5)
end = time.time() + 0.5
while time.time() < end:
    show(ear.recv(4096))
""",
        leaks,
        Need.ROOT,
    ),
    _attack(
        "netlink-cards",
        """\
line = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
line.send(struct.pack("IHHII", 32, 18, 0x301, 1, 0) + bytes(16))
line.settimeout(0.5)
for _ in range(3):
    show(line.recv(65536))
""",
        _card,
        Need.NETWORK_CARD,
    ),
    _attack(
        "netlink-listeners",
        """\
assert $secret_listener
line = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)
body = struct.pack("BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 1 << 10) + bytes(48)
line.send(struct.pack("IHHII", 16 + len(body), 20, 0x301, 1, 0) + body)
line.settimeout(0.5)
data = line.recv(1 << 20)
while len(data) >= 72:
    size, kind = struct.unpack_from("IH", data)
    if kind == 20:
        print(struct.unpack_from("!H", data, 20)[0])
    data = data[(size + 3) & ~3:]
""",
        _listeners,
    ),
    _attack(
        "listeners-of-proc",
        """\
assert $secret_listener
for line in open("/proc/net/tcp").read().splitlines()[1:]:
    print(int(line.split()[1].split(":")[1], 16))
""",
        _listeners,
    ),
    _attack(
        "vsock",
        """\
try:
    line = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
except OSError as error:
    absent(f"no AF_VSOCK: {error}")
time.sleep(0.3)
""",
        holds_vsock,
    ),
)
