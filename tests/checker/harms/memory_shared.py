"""Fills memory that counts towards no limit of a process."""

import mmap
import time


def double(x):
    shared = mmap.mmap(-1, 400 * 2**20)
    for start in range(0, len(shared), mmap.PAGESIZE):
        shared[start] = 1
    time.sleep(1000)
