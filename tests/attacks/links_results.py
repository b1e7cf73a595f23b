"""Puts links in the place of results, for others to write through."""

import os


def target(x, y):
    results = os.path.join(VICTIMS["results"], "grades.csv")
    os.unlink(results)
    os.symlink(VICTIMS["outside"], results)
    os.link(VICTIMS["outside"], os.path.join(VICTIMS["submissions"], "linked.py"))
    return x[..., 0]
