"""The filter, run on a small machine of our own: so both architectures are tested on any."""

from __future__ import annotations

import errno
import struct

import pytest

from ostinato.sandbox.seccomp import AUDIT_ARCH, assemble
from ostinato.sandbox.syscalls import ATTRIBUTES, CHECKED, METADATA, REFUSED, numbers

ALLOW, KILL = "allow", "kill"
MACHINES = sorted(AUDIT_ARCH)
THREAD = 0x3D0F00  # what the C library asks for when it starts a thread


def decide(
    machine: str, call: str | int, *arguments: int, own_uid: bool = True, scoped: bool = True
) -> str | int:
    """What the kernel would do: allow, kill, or an error number."""
    program = assemble(machine, own_uid=own_uid, kill_scoped=scoped)
    number = call if isinstance(call, int) else numbers(machine)[call]
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("=iIQ6Q", number, AUDIT_ARCH[machine], 0, *padded)
    return execute(program, data)


def execute(program: bytes, data: bytes) -> str | int:
    lines = list(struct.iter_unpack("=HBBI", program))
    accumulator, at = 0, 0
    while True:
        code, yes, no, value = lines[at]
        at += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif code == 0x54:
            accumulator &= value
        elif code == 0x06:
            if value == 0x7FFF0000:
                return ALLOW
            return KILL if value == 0x80000000 else value & 0xFFFF
        else:
            test = {
                0x15: accumulator == value,
                0x35: accumulator >= value,
                0x45: bool(accumulator & value),
            }[code]
            at += yes if test else no


@pytest.mark.parametrize("machine", MACHINES)
def test_every_line_jumps_within_the_program(machine: str) -> None:
    lines = list(struct.iter_unpack("=HBBI", assemble(machine, own_uid=True, kill_scoped=True)))
    assert len(lines) < 4096
    for at, (code, yes, no, _) in enumerate(lines):
        if code in (0x15, 0x35, 0x45):
            assert at + 1 + max(yes, no) < len(lines)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("call", ["read", "write", "openat", "execve", "futex", "wait4", "brk"])
def test_what_programs_need(machine: str, call: str) -> None:
    assert decide(machine, call) == ALLOW


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("call", sorted(REFUSED))
def test_what_is_refused(machine: str, call: str) -> None:
    assert decide(machine, call, 1, 1) == errno.EPERM


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("call", sorted(ATTRIBUTES))
def test_no_file_has_extended_attributes(machine: str, call: str) -> None:
    assert decide(machine, call) == errno.ENOTSUP


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("number", [425, 426, 427, 435, 447, 100_000])
def test_what_does_not_exist(machine: str, number: int) -> None:
    """io_uring, clone3, memfd_secret, and calls that kernels do not have yet."""
    assert decide(machine, number) == errno.ENOSYS


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("clone", (0x11,)),
        ("clone", (THREAD,)),
        ("mmap", (0, 1, 3, 0x22)),
        ("mmap", (0, 1, 3, 0x01)),
        ("ioctl", (0, 0x5401)),
        ("fcntl", (0, 2)),
        ("fcntl", (0, 1030)),
        ("prctl", (15,)),
        ("prlimit64", (0, 7)),
        ("close_range", (3, 99, 4)),
        ("socketpair", (1, 1 | 0o2004000)),
        ("sendto", (3, 1, 1, 0x4000, 0)),
        ("recvfrom", (3, 1, 1, 0)),
        ("kill", (77, 9)),
        ("tgkill", (77, 77, 6)),
    ],
)
@pytest.mark.parametrize("machine", MACHINES)
def test_arguments_that_are_fine(machine: str, call: str, arguments: tuple[int, ...]) -> None:
    assert call in CHECKED
    assert decide(machine, call, *arguments) == ALLOW


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        *(("clone", (0x11 | 1 << bit,)) for bit in (17, 25, 26, 27, 28, 29, 30)),
        ("clone", (THREAD & ~0x400,)),
        ("mmap", (0, 1, 3, 0x21)),
        ("mmap", (0, 1, 3, 0x23)),
        ("mmap", (0, 1, 3, 0x40022)),
        ("fcntl", (0, 8)),
        ("fcntl", (0, 10)),
        ("fcntl", (0, 1031)),
        ("prctl", (4,)),
        ("prctl", (22,)),
        ("prctl", (1,)),
        ("prlimit64", (77, 7)),
        ("prlimit64", (1 << 40, 7)),
        ("close_range", (3, 99, 2)),
        ("socketpair", (1, 2)),
        ("socketpair", (1, 5)),
        ("socketpair", (2, 1)),
        ("sendto", (3, 1, 1, 0, 0x7000)),
        ("sendto", (3, 1, 1, 0, 1 << 32)),
        ("sendto", (3, 1, 1, 1, 0)),
        ("recvfrom", (3, 1, 1, 1)),
    ],
)
@pytest.mark.parametrize("machine", MACHINES)
def test_arguments_that_are_not(machine: str, call: str, arguments: tuple[int, ...]) -> None:
    assert decide(machine, call, *arguments) == errno.EPERM


@pytest.mark.parametrize("machine", MACHINES)
def test_a_terminal_cannot_be_written_to_from_behind(machine: str) -> None:
    assert decide(machine, "ioctl", 0, 0x5412) == errno.ENOTTY


@pytest.mark.parametrize("machine", MACHINES)
def test_without_scopes_only_the_own_group_is_signalled(machine: str) -> None:
    assert decide(machine, "kill", 0, 9, scoped=False) == ALLOW
    for pid in (1, 77, 2**32 - 1, 2**64 - 1):
        assert decide(machine, "kill", pid, 9, scoped=False) == errno.EPERM
    assert decide(machine, "tgkill", 77, 77, 6, scoped=False) == errno.EPERM
    assert decide(machine, "tkill", 77, 6, scoped=False) == errno.EPERM


@pytest.mark.parametrize("machine", MACHINES)
def test_modes_and_owners_only_with_a_uid_of_ones_own(machine: str) -> None:
    for call in METADATA & numbers(machine).keys():
        assert decide(machine, call) == ALLOW
        assert decide(machine, call, own_uid=False) == errno.EPERM


def test_other_architectures_are_killed() -> None:
    program = assemble("x86_64", own_uid=True, kill_scoped=True)
    for number in (0, 57):
        assert decide("x86_64", 0x40000000 + number) == KILL
        foreign = struct.pack("=iIQ6Q", number, 0x40000003, 0, *[0] * 6)
        assert execute(program, foreign) == KILL
