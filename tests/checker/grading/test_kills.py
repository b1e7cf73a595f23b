import sys
from pathlib import Path

import pytest

from benchmarks.kills import play


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
def test_whatever_is_killed_nothing_is_lost_doubled_or_left_over(tmp_path: Path):
    tally = play(tmp_path, ["all", "recording", "run", "zygote"], "none", seed=1)
    assert (tally.lost, tally.doubled, tally.left_over, tally.faults) == (0, 0, 0, [])
    assert tally.kills.total() == 4
