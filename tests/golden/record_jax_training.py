"""Record how JAX trains, for tests to compare with where no JAX is installed.

    python -m tests.golden.record_jax_training        (with the extra `jax`; overwrites jax_training.json)

A case is the seed, the optimizer by our name for it with its arguments, and the size of a batch; with it the loss of
every epoch and the final parameters of the network 2-4-1 on 1000 points, trained by `benchmarks.jax_training` in
float32. Data, initial parameters and batches come from the three keys that the seed's key splits into.
"""

import json
import os
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).with_name("jax_training.json")

SIZE, STD, SIZES, NUM_EPOCHS = 1000, 0.1, (2, 4, 1), 100

CASES: list[dict[str, Any]] = [
    {"seed": 0, "optimizer": "sgd", "arguments": {"lr": 0.1}, "batch_size": 128},
    {"seed": 1, "optimizer": "sgd", "arguments": {"lr": 0.5}, "batch_size": 125},  # divides the data
    {"seed": 2, "optimizer": "sgd", "arguments": {"lr": 0.5}, "batch_size": 1001},  # all of it, and more
    {"seed": 0, "optimizer": "momentum", "arguments": {"lr": 0.1, "decay": 0.9}, "batch_size": 128},
    {"seed": 0, "optimizer": "adam", "arguments": {"lr": 0.05}, "batch_size": 128},
]


def train(seed: int, optimizer: str, arguments: dict[str, float], batch_size: int) -> dict[str, Any]:
    """What JAX makes of a case, as numbers that can be written down."""
    import jax
    import numpy as np

    from benchmarks import jax_training

    data_key, init_key, fit_key = jax.random.split(jax.random.key(seed), 3)
    x, y = jax_training.continuous_xor(data_key, SIZE, STD)
    params, losses = jax_training.fit(
        fit_key,
        jax_training.init_params(init_key, *SIZES),
        x,
        y,
        optimizer=getattr(jax_training, optimizer)(**arguments),
        num_epochs=NUM_EPOCHS,
        batch_size=batch_size,
    )
    as_list = np.vectorize(lambda number: float(f"{number:.9g}"))  # all that float32 holds
    return {
        "losses": as_list(losses).tolist(),
        "params": {name: as_list(p).tolist() for name, p in params.items()},
    }


def record() -> None:
    """Train every case and write it down, a line each."""
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax

    lines = [json.dumps(case | train(**case)) for case in CASES]
    GOLDEN.write_text(f'{{"jax": "{jax.__version__}", "cases": [\n' + ",\n".join(lines) + "\n]}\n")


if __name__ == "__main__":
    record()
