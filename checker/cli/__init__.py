"""The command `xor-check`: a module a command, and nothing heavy imported before a command needs it.

Exit codes: 0 passed, 1 something failed or is still to do, 2 the call was wrong, 3 the checker itself failed.
"""

from __future__ import annotations

import os
import sys
from typing import TextIO

from checker.cli.app import app
from checker.cli.call import CallError
from checker.course import CourseError

TRACEBACK = "XOR_CHECK_TRACEBACK"
"""Set this variable to anything to see where the checker itself failed."""

__all__ = ["main"]


def main() -> None:
    """Run one command and leave with its exit code."""
    # Before torch or NumPy is imported: workers are forked, and a fork keeps only one thread alive.
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = "1"
    sys.exit(_run())


def _run() -> int:
    try:
        app(prog_name="xor-check")
    except SystemExit as left:  # typer leaves so even when all is well
        return left.code if isinstance(left.code, int) else 0
    except (CallError, CourseError) as error:
        print(f"xor-check: {error}", file=sys.stderr)
        return 2
    except Exception as error:
        return _failed(error)
    finally:
        _close_output()
    return 0


def _failed(error: Exception) -> int:
    """An internal error: one sentence, or everything where it is asked for."""
    if os.environ.get(TRACEBACK):
        import traceback

        traceback.print_exception(error)
    else:
        print(
            f"xor-check: the checker itself failed ({type(error).__name__}: {error}); "
            f"your code is not to blame. To see where, run the command again with {TRACEBACK}=1.",
            file=sys.stderr,
        )
    return 3


def _close_output() -> None:
    """Write what is left while a reader that went away, as in `xor-check 3 | head -1`, can be forgiven."""
    output: TextIO | None = sys.stdout  # None where the program was started without one
    if output is None:
        return
    try:
        output.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())
