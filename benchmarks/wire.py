"""What hostile frames cost the judge: the slowest, and the memory of all.

    python -m benchmarks.wire [--frames N]

Hypothesis draws frames of noise, damaged ones, ones of nearly the right form, and bombs up to the largest that is
received (`tests/checker/hostile_frames.py`); each is decoded as the judge decodes an answer. What is no tree must be
refused with `WireError`: any other end is a crash, and shown. The exit code is 1 where there is one, or where a frame
takes longer than 50 ms; time is the processor's, so that a busy machine makes none slow.
"""

from __future__ import annotations

import argparse
import gc
import resource
import statistics
import sys
import time

from hypothesis import HealthCheck, Phase, given, seed, settings

from checker import wire
from tests.checker.hostile_frames import FRAMES

LONGEST = 0.05


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--frames", type=int, default=100_000, help="how many are drawn")
    wanted = parser.parse_args().frames
    seconds: list[float] = []
    trees, slowest = 0, (0.0, b"")

    @seed(0)
    @settings(
        max_examples=wanted,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(FRAMES)
    def receive(frame: bytes) -> None:
        nonlocal trees, slowest
        start = time.process_time()
        try:
            wire.decode(frame, max_commas=wire.MAX_COMMAS)
            trees += 1
        except wire.WireError:
            pass
        seconds.append(time.process_time() - start)
        if len(seconds) % 500 == 0:
            gc.collect()  # here, since its pauses are no frame's own
        slowest = max(slowest, (seconds[-1], frame[:60]))

    gc.disable()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    receive()  # anything but a WireError comes out of here
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{len(seconds):,} frames: {trees:,} trees, the others refused, none crashed")
    print(f"median {1e6 * statistics.median(seconds):.0f} us, slowest {1e3 * slowest[0]:.1f} ms ({slowest[1]!r}...)")
    print(f"peak memory grew by {grown:.0f} MiB, hypothesis included")
    return 1 if slowest[0] > LONGEST else 0


if __name__ == "__main__":
    sys.exit(main())
