"""Sends tensors whose header has hundreds of thousands of names."""

import json
import os
from contextlib import suppress

from checker import frames


def target(x, y):
    entry = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    header = json.dumps({str(index): entry for index in range(300_000)}).encode()
    frame = frames.pack(b"[1024,null]", len(header).to_bytes(8, "little") + header)
    for file in range(200, 256):
        with suppress(OSError):
            frames.send(file, frame)
    return x[..., 0]
