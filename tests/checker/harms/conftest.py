"""Importing a harm does it, so pytest must not look for doctests here."""

collect_ignore_glob = ["*.py"]
