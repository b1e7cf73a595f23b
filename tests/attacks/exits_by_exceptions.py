"""Raises what ends programs without a word, one after the other."""

KINDS = [SystemExit, KeyboardInterrupt, GeneratorExit, StopIteration, BaseException, EOFError, MemoryError]


def target(x, y):
    KINDS.append(KINDS.pop(0))
    raise KINDS[0](0)
