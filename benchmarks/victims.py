"""What attacks are told of, and what was done to it: decoys of all that is worth attacking.

Results, a submission, a solution, a file, a running process, a server. An attack may do to them what it can; they are
looked at afterwards and made as new.
"""

from __future__ import annotations

import os
import resource
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

COURSE = Path(__file__).parent.parent / "tests" / "attacks" / "course"
"""A small course, of which the victims have a copy."""
SECRET = "kept-from-attacks"


class Victims(AbstractContextManager["Victims"]):
    """What attacks are told of, none of it worth anything: they may do to it what they can."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="xor-attacked-"))
        self.course = self.folder / "course"
        self.scratch = Path(f"{self.folder}-scratch")
        """Where judges stand."""
        self._left_name = f"xor-attack-{secrets.token_hex(8)}"
        self._contents = {
            self.folder / "results" / "grades.csv": f"student,score\n{SECRET},2\n",
            self.folder / "submissions" / "neighbour.py": f"# {SECRET}\n",
            self.folder / "outside.txt": SECRET,
        }
        for file in COURSE.rglob("*.py"):
            self._contents[self.course / file.relative_to(COURSE)] = file.read_text("utf-8")
        self.scratch.mkdir()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._connections = 0
        threading.Thread(target=self._listen, daemon=True).start()
        self._process = self._bystander()
        self.restore()

    @property
    def told(self) -> dict[str, Any]:
        """What an attack is told of them."""
        return {
            "folder": str(self.folder),
            "results": str(self.folder / "results"),
            "submissions": str(self.folder / "submissions"),
            "solution": str(self.course / "solutions" / "exercise1_target" / "solution.py"),
            "outside": str(self.folder / "outside.txt"),
            "left": self._left_name,
            "port": self._server.getsockname()[1],
            "process": self._process.pid,
        }

    def restore(self) -> None:
        """Make them as new."""
        for folder in {file.parent for file in self._contents}:
            if folder.is_symlink() or folder.is_file():
                folder.unlink()
        for file, content in self._contents.items():
            if not self._is_as_written(file, content):
                if file.is_dir() and not file.is_symlink():
                    shutil.rmtree(file)
                file.unlink(missing_ok=True)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(content, "utf-8")
        for file in self._strangers():
            file.unlink()
        for file in self._left():
            file.unlink()
        if self._process.poll() is not None or self._is_changed():
            self._process.kill()
            self._process.wait()
            self._process = self._bystander()
        self._connections = 0

    def harm(self) -> list[str]:
        """Say what was done to them."""
        harm = [
            f"changed {file.name}" for file, content in self._contents.items() if not self._is_as_written(file, content)
        ]
        harm += [f"wrote {file.name[:30]}" for file in self._strangers()]
        harm += ["left files behind" for _ in self._left()[:1]]
        harm += ["reached a server" for _ in range(self._connections and 1)]
        if self._process.poll() is not None:
            harm.append("killed a process")
        elif self._is_changed():
            harm.append("changed a process")
        return harm

    def _strangers(self) -> list[Path]:
        files = [file for file in self.folder.rglob("*") if not file.is_dir() or file.is_symlink()]
        return [file for file in files if file not in self._contents and "__pycache__" not in file.parts]

    def _left(self) -> list[Path]:
        folders = ("/tmp", "/dev/shm", "/var/tmp", str(Path.home()), self.scratch)
        return [found for folder in folders for found in Path(folder).glob(f"{self._left_name}*")]

    @staticmethod
    def _is_as_written(file: Path, content: str) -> bool:
        try:
            return not file.is_symlink() and file.read_text("utf-8") == content
        except (OSError, UnicodeError):
            return False

    @staticmethod
    def _bystander() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(3600)"], stdin=subprocess.DEVNULL)

    def _is_changed(self) -> bool:
        pid = self._process.pid
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            stopped = any(line.startswith("State:\tT") for line in status)
        limited = resource.prlimit(pid, resource.RLIMIT_NOFILE) != resource.getrlimit(resource.RLIMIT_NOFILE)
        return stopped or limited or os.getpriority(os.PRIO_PROCESS, pid) != os.getpriority(os.PRIO_PROCESS, 0)

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self._connections += 1
                connection.close()

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()
        self._server.close()
        for file in self._left():
            file.unlink()
        for folder in (self.folder, self.scratch):
            shutil.rmtree(folder, ignore_errors=True)
