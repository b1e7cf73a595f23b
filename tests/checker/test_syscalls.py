"""What the kernel refuses to a student's process, and what it must not refuse."""

import platform
import subprocess
import sys
import textwrap

import pytest

from checker.syscalls import MACHINES

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in MACHINES, reason="there is no filter for this system"
)


def after_refusing(code: str) -> str:
    """Give what a process prints in which the filter is on."""
    program = "from checker import syscalls\nassert syscalls.refuse()\n" + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "call",
    [
        "socket.socket(socket.AF_INET)",
        "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)",
        "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        "os.memfd_create('x')",
        "libc('unshare', 0x10000000)",
        "libc('ptrace', 0, 0, 0, 0)",
        "libc('shmget', 0, 4096, 0o1600)",
        "libc('setns', 0, 0)",
        "libc('syscall', CLONE, 0x10000000 | 17, 0, 0, 0, 0)",
    ],
)
def test_what_no_student_needs_is_not_permitted(call: str):
    clone = MACHINES[platform.machine()].clone
    code = f"""
        import ctypes, os, socket
        CLONE = {clone}
        library = ctypes.CDLL(None, use_errno=True)
        def libc(name, *arguments):
            if getattr(library, name)(*arguments) == -1:
                raise OSError(ctypes.get_errno(), name)
        try:
            {call}
            print("permitted")
        except PermissionError:
            print("refused")
    """
    assert after_refusing(code) == "refused"


def test_threads_processes_pipes_files_and_torch_work_as_ever():
    code = """
        import os, socket, subprocess, sys, tempfile, threading
        left, right = socket.socketpair()
        socket.socket(socket.AF_UNIX).close()
        thread = threading.Thread(target=left.send, args=(b"sent",))
        thread.start(), thread.join()
        assert right.recv(4) == b"sent"
        child = os.fork()
        if child == 0:
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True).stdout == b"1\\n"
        tempfile.TemporaryFile().write(b"x")
        import torch
        w = torch.ones(3, requires_grad=True)
        (w * w).sum().backward()
        print(w.grad.tolist())
    """
    assert after_refusing(code) == "[2.0, 2.0, 2.0]"


def test_what_is_refused_stays_refused_in_whatever_is_started():
    code = """
        import subprocess, sys
        inner = "import os\\ntry:\\n    os.memfd_create('x')\\nexcept PermissionError:\\n    print('refused')"
        print(subprocess.run([sys.executable, "-c", inner], capture_output=True, text=True).stdout)
    """
    assert after_refusing(code) == "refused"
