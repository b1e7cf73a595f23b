"""What a hostile student's file would try, in a form that harms nobody: run by a worker, in a student's place.

Each attempt gives a sentence if it succeeded, and None or an exception if it did not. It is told where to look by
whoever prepared the place, and undoes what it has done.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress

Place = Mapping[str, str]

FOLDERS = sorted({"/tmp", "/dev/shm", "/", "/dev", "/run", os.environ.get("HOME", "/tmp")})


def attempt(name: str, place: Place) -> str | None:
    """Make one attempt; give what it achieved."""
    try:
        return globals()[name](place)
    except (Exception, SystemExit):
        return None


def connect(place: Place) -> str | None:
    """Reach a server of this machine by the network."""
    with socket.create_connection(("127.0.0.1", int(place["port"])), timeout=2.0) as connection:
        return "reached a server on this machine" if connection.recv(8) == b"reached" else None


def read_answers(place: Place) -> str | None:
    """Read what instructors wrote."""
    with open(place["answers"], "rb") as file:
        return f"read {place['answers']}" if file.read(1) else None


def read_results(place: Place) -> str | None:
    """Read a file that is nobody's but the grader's."""
    with open(place["kept"], encoding="utf-8") as file:
        return "read a file of the grader's" if file.read() == place["token"] else None


def write_outside(place: Place) -> str | None:
    """Write where others would find it."""
    with open(place["target"], "w", encoding="utf-8") as file:
        file.write(place["token"])
    return "wrote a file of the grader's"


def change_program(place: Place) -> str | None:
    """Change the checker itself, or Python, for those who come later."""
    for folder in (place["checker"], sys.prefix):
        if os.access(folder, os.W_OK):
            file = os.path.join(folder, f".{place['token']}")
            with suppress(OSError), open(file, "w", encoding="utf-8"):
                os.unlink(file)
                return f"wrote into {folder}"
    return None


def read_environment(place: Place) -> str | None:
    """Find what the grader's environment holds, such as passwords of a platform."""
    return "read the grader's environment" if place["token"] in os.environ.values() else None


def see_processes(place: Place) -> str | None:
    """See the processes of others, and what they were called with."""
    for process in os.listdir("/proc"):
        with suppress(OSError), open(f"/proc/{process}/cmdline", "rb") as file:
            if place["token"].encode() in file.read():
                return "saw the grader's processes, and what they were called with"
    return None


def look_into_parent(place: Place) -> str | None:
    """Write to the memory of the process that forks the workers, and so of those of later submissions."""
    with open(f"/proc/{os.getppid()}/mem", "r+b"):
        return "can change the process from which the workers of others are made"


def leave_behind(place: Place) -> str | None:
    """Leave something for whoever comes next."""
    for folder in FOLDERS:
        with suppress(OSError), open(os.path.join(folder, place["token"]), "w", encoding="utf-8"):
            pass
    return None


def find_left_behind(place: Place) -> str | None:
    """Find what another submission has left."""
    found = [folder for folder in FOLDERS if os.path.exists(os.path.join(folder, place["token"]))]
    for folder in found:
        with suppress(OSError):
            os.unlink(os.path.join(folder, place["token"]))
    return f"found what another submission had left ({', '.join(found)})" if found else None


def make_processes(place: Place) -> str | None:
    """Make processes without end."""
    most, children = int(place["processes"]), list[int]()
    try:
        while len(children) < most:
            child = os.fork()
            if child == 0:
                signal.pause()
                os._exit(0)
            children.append(child)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
        for child in children:
            os.waitpid(child, 0)
    return f"made {most} processes"


def take_memory(place: Place) -> str | None:
    """Take more memory than any solution needs; none of it is touched."""
    size = int(place["memory"])
    data = bytearray(size)
    return f"took {len(data) // 2**30} GiB"


def fill_disk(place: Place) -> str | None:
    """Fill the disk, beyond what a solution needs."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for folder in ("/tmp", "/dev/shm", "/dev", "/"):
        path = os.path.join(folder, place["token"])
        with suppress(OSError), open(path, "wb") as file:
            os.unlink(path)
            space = os.fstatvfs(file.fileno())
            if space.f_bavail * space.f_frsize > int(place["disk"]):
                return f"may fill {folder}, where {space.f_bavail * space.f_frsize // 2**20:,} MiB are free"
    return None


def gain_rights(place: Place) -> str | None:
    """Have, or get, rights over the system."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        held = next((line.split()[1] for line in status if line.startswith("CapEff:")), "0")
    if int(held, 16):
        return "runs with an administrator's rights"
    new_user_namespace = 0x10000000
    if ctypes.CDLL(None).unshare(new_user_namespace) == 0:
        return "can make a user namespace, and be an administrator in it"
    return None


def keep_running(place: Place) -> str | None:
    """Keep a processor busy for ever."""
    while True:
        pass
