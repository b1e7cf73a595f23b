"""System calls that a student's code never needs, refused by the kernel itself (seccomp, on Linux).

They are the ways to keep memory that belongs to no process, to reach the network, to look into other processes, to
become an administrator in a namespace of one's own, and the parts of the kernel where most holes were found. What is
refused fails with EPERM, as where the system does not allow it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass

NUMBERS: Mapping[str, tuple[int, int]] = {  # on x86_64 and on aarch64
    "acct": (163, 89),
    "add_key": (248, 217),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "delete_module": (176, 106),
    "finit_module": (313, 273),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "init_module": (175, 105),
    "io_uring_setup": (425, 425),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "mount": (165, 40),
    "move_mount": (429, 429),
    "mq_open": (240, 180),
    "msgget": (68, 186),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "pivot_root": (155, 41),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "semget": (64, 190),
    "setns": (308, 268),
    "shmget": (29, 194),
    "swapon": (167, 224),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
}
CLONE_NEW = 0x7E020000
"""The flags of `clone` that make namespaces."""
AF_UNIX = 1


@dataclass(frozen=True)
class _Machine:
    name: int
    """As the kernel's audit names it."""
    column: int
    clone: int
    clone3: int
    socket: int


MACHINES = {
    "x86_64": _Machine(0xC000003E, 0, 56, 435, 41),
    "aarch64": _Machine(0xC00000B7, 1, 220, 435, 198),
}
X32 = 0x40000000
"""Calls of another kind on x86_64, by numbers above this."""

ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, MACHINE, FIRST_ARGUMENT = 0, 4, 16
"""Offsets in what a filter sees of a call."""

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER_MODE = 38, 22, 2


def refuse() -> bool:
    """Refuse them to this process and all that it starts, for good; say whether this system can."""
    machine = MACHINES.get(os.uname().machine) if sys.platform == "linux" else None
    if machine is None:
        return False
    code = b"".join(_filter(machine))
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return prctl(PR_SET_SECCOMP, FILTER_MODE, ctypes.create_string_buffer(program, len(program)), 0, 0) == 0


def _filter(machine: _Machine) -> list[bytes]:
    """Give the filter's instructions: each is a code, where to go if true, where to go if false, and an operand."""
    refused = _step(RETURN, REFUSE | errno.EPERM)
    steps = [
        _step(LOAD, MACHINE),
        _step(EQUAL, machine.name, 1, 0),
        _step(RETURN, KILL),
        _step(LOAD, NUMBER),
        _step(AT_LEAST, X32, 0, 1),
        refused,
        _step(EQUAL, machine.clone3, 0, 1),
        _step(RETURN, REFUSE | errno.ENOSYS),  # its flags cannot be looked at; who is told so takes `clone`
    ]
    for numbers in NUMBERS.values():
        steps += [_step(EQUAL, numbers[machine.column], 0, 1), refused]
    return [
        *steps,
        *(_step(EQUAL, machine.clone, 0, 3), _step(LOAD, FIRST_ARGUMENT), _step(ANY_BIT, CLONE_NEW, 0, 5), refused),
        *(_step(EQUAL, machine.socket, 0, 3), _step(LOAD, FIRST_ARGUMENT), _step(EQUAL, AF_UNIX, 1, 0), refused),
        _step(RETURN, ALLOW),
    ]


def _step(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, operand)
