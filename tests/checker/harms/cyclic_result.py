"""Returns a list that holds itself."""


def double(x):
    result = [x]
    result.append(result)
    return result
