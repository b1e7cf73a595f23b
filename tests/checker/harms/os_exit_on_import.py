"""Leaves without a word, before it is asked anything."""

import os

os._exit(3)
