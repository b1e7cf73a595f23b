"""Hypothesis without its plugins, which must be said before it is imported.

To look for them it reads what is said of every installed package, and loads what other packages have for it: together
longer than a check. They register strategies for types, and nothing here is drawn by its type.
"""

from __future__ import annotations

import os

os.environ.setdefault("HYPOTHESIS_NO_PLUGINS", "1")
