"""Ends the process before anybody can ask."""

import sys

sys.exit(0)
