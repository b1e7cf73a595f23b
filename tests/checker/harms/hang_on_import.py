"""Never finishes its import."""

import time

print("importing")
time.sleep(1000)


def double(x):
    return 2 * x
