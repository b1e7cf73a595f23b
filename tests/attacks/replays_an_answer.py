"""Sends its first answer again and again."""

import os
from contextlib import suppress

import checker.worker
from checker import frames

send = frames.send
sent = []


def again(file, frame):
    sent.append(bytes(frame))
    send(file, sent[0])
    with suppress(OSError):
        os.write(file, sent[0])


checker.worker.frames.send = again


def target(x, y):
    return x[..., 0]
