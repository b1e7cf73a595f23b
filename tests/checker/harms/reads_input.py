"""Waits for somebody to type."""


def double(x):
    return input("How many times? ") * x
