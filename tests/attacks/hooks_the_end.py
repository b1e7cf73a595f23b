"""Hangs code on the end of everything, to run when nobody watches any more."""

import atexit
import os
import sys
import threading
import weakref

PATH = os.path.join("/tmp", VICTIMS["left"])


def leave(*args):
    open(PATH, "w").close()
    os._exit(0)


class Last:
    __del__ = leave


atexit.register(leave)
threading._register_atexit(leave)
sys.excepthook = sys.unraisablehook = threading.excepthook = leave
sys.last = Last()
weakref.finalize(sys.modules["os"], leave)


def target(x, y):
    raise SystemExit(Last())
