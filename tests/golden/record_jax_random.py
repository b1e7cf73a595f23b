"""Record what `jax.random` draws, for tests to compare with where no JAX is installed.

    python tests/golden/record_jax_random.py        (with the extra `jax`; overwrites jax_random.json)

A case is a function of `xorfunc.random`, the seed of its key, its other arguments by our names, and JAX's result: its
shape and, where it is long, every so many of its entries. float64 is drawn in JAX's 64-bit mode, all else in its
default configuration.
"""

import json
import os
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).with_name("jax_random.json")

SEEDS = (0, 1, 42, 2**31 - 1, 2**31, 2**32 - 1)
OTHER_SEEDS = (-1, -(2**31), 2**32, 2**32 + 7, 2**63 - 1, -(2**63), 123456789012345)
SHAPES = ((), (1,), (7,), (0,), (3, 4), (2, 0, 3), (2, 1, 5))
BOUNDS = ((-1.0, 1.0), (0.1, 0.7), (-1 / 3, 1 / 3), (1000.0, 1000.5), (-3e-5, 2e7), (2.5, 2.5))
RANGES = (
    *((0, 1), (0, 2), (-3, 4), (0, 10), (5, 1000), (0, 2**16 - 1), (0, 2**16), (0, 2**16 + 1), (-7, 99_991)),
    *((0, 2**31 - 1), (-(2**31), 0), (-(2**31), 2**31 - 1), (-1_500_000_000, 1_500_000_001)),
)


def cases() -> list[dict[str, Any]]:
    """Every case but for its result."""
    drawn = [("key", seed, {}) for seed in (*SEEDS, *OTHER_SEEDS)]
    for seed in SEEDS:
        drawn += [("split", seed, {"num": num}) for num in (1, 2, 5)]
        drawn += [("fold_in", seed, {"data": data}) for data in (0, 1, 1000, 2**31, 2**32 - 1)]
        drawn += [("bits", seed, {"shape": shape}) for shape in SHAPES]
        drawn += [("randint", seed, {"shape": (9,), "low": low, "high": high}) for low, high in RANGES]
        drawn += [("bernoulli", seed, {"p": p, "shape": (16,)}) for p in (0.0, 0.1, 0.5, 1.0)]
        drawn += [("permutation", seed, {"n_or_x": n}) for n in (0, 1, 2, 10, 50)]
        for dtype in ("float32", "float64"):
            drawn += [("uniform", seed, {"shape": shape, "dtype": dtype}) for shape in SHAPES]
            drawn += [("normal", seed, {"shape": shape, "dtype": dtype}) for shape in SHAPES]
            drawn += [
                ("uniform", seed, {"shape": (10,), "low": low, "high": high, "dtype": dtype}) for low, high in BOUNDS
            ]
    drawn += [
        ("bits", 3, {"shape": (100_003,)}),
        ("uniform", 4, {"shape": (100_003,), "low": -0.3, "high": 0.8, "dtype": "float32"}),
        ("uniform", 4, {"shape": (100_003,), "low": -0.3, "high": 0.8, "dtype": "float64"}),
        ("normal", 5, {"shape": (100_003,), "dtype": "float32"}),
        ("normal", 5, {"shape": (100_003,), "dtype": "float64"}),
        ("normal", 9952, {"shape": (20,), "dtype": "float32"}),  # holds 3.756, which JAX gives 2e-5 off
        ("randint", 6, {"shape": (100_003,), "low": 0, "high": 3_000}),
        ("bernoulli", 7, {"p": [[0.0], [0.3], [0.9]], "shape": (3, 8)}),
        ("bernoulli", 7, {"p": [0.0, 0.3, 0.9, 1.0]}),
        ("permutation", 8, {"n_or_x": [[row, -row] for row in range(20)]}),
        ("permutation", 8, {"n_or_x": [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]}),
        ("permutation", 9, {"n_or_x": 1_625}),  # the last size that is sorted once
        ("permutation", 9, {"n_or_x": 1_626}),
        ("permutation", 9, {"n_or_x": 300_000}),  # so many that some 32 bits are equal in each of its two rounds
    ]
    return [{"function": function, "seed": seed, "arguments": arguments} for function, seed, arguments in drawn]


def draw(function: str, seed: int, arguments: dict[str, Any]) -> Any:
    """What JAX gives for a case, as a NumPy array."""
    import jax
    import numpy as np

    jax.config.update("jax_enable_x64", False)
    key = jax.random.key(seed)
    arguments = dict(arguments)
    if function == "key":
        return jax.random.key_data(key)
    if function == "split":
        return jax.random.key_data(jax.random.split(key, **arguments))
    if function == "fold_in":
        return jax.random.key_data(jax.random.fold_in(key, **arguments))
    if function == "permutation":
        return jax.random.permutation(key, np.array(arguments["n_or_x"]))
    if function == "bernoulli":
        return jax.random.bernoulli(key, np.array(arguments["p"], np.float32), arguments.get("shape"))
    names = {"low": "minval", "high": "maxval"}
    jax.config.update("jax_enable_x64", arguments.get("dtype") == "float64")
    return getattr(jax.random, function)(key, **{names.get(name, name): value for name, value in arguments.items()})


def record() -> None:
    """Draw every case and write it down, a line each."""
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax
    import numpy as np

    lines: list[str] = []
    for case in cases():
        result = np.asarray(draw(**case))
        every = len(result) // 20 if result.size > 1_000 else 1
        values = result[::every].tolist() if result.ndim else result.item()
        lines.append(json.dumps(case | {"shape": result.shape, "every": every, "result": values}))
    GOLDEN.write_text(f'{{"jax": "{jax.__version__}", "cases": [\n' + ",\n".join(lines) + "\n]}\n")


if __name__ == "__main__":
    record()
