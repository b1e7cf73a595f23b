"""Gives itself points in the results, by every name they could have."""

import glob
import os
from contextlib import suppress


def target(x, y):
    for path in [*glob.glob(f"{VICTIMS['results']}/*"), os.path.join(VICTIMS["results"], "mallory.csv")]:
        with suppress(OSError), open(path, "a") as file:
            file.write("mallory,100\n")
    return x[..., 0]
