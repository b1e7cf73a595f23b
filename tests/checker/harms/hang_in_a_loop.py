"""Never returns, and never sleeps."""


def double(x):
    print("still here")
    while True:
        pass
