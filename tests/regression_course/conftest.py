"""Files of a course are read by the checker, not imported: pytest must not look for doctests here."""

collect_ignore_glob = ["*.py", "*/*.py", "*/*/*.py"]
