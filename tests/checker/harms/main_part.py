"""Has a part that runs when the file is run by itself."""


def double(x):
    return 2 * x


if __name__ == "__main__":
    raise SystemExit("the main part ran")
