"""A course of two small exercises, whose functions a test can get right or wrong in a line."""

from pathlib import Path

SHAPES_SOLUTION = '''"""First exercise: shapes.

What a shape is.
"""

import torch
from torch import Tensor


def rows(x: Tensor) -> int:
    """The number of rows."""
    return x.shape[0]


def columns(x: Tensor) -> int:
    """The number of columns."""
    return x.shape[1]


def double(x: Tensor) -> Tensor:
    """Twice as much."""
    return _factor() * torch.clone(x)


def _factor() -> int:
    return 2
'''

SHAPES_CHECKS = '''"""What exercise 1 asks."""

from checker.spec import check, tensor

check("rows", x=tensor("N D"), hints=["Look at its shape.", "The first entry of its " "shape."])
check("columns", x=tensor("N D"))
check("double", x=tensor("N D"), hints=["Multiply."])
'''

SHAPES_STUB = '''"""First exercise: shapes.

What a shape is.
"""

from torch import Tensor


def rows(x: Tensor) -> int:
    """The number of rows."""
    raise NotImplementedError


def columns(x: Tensor) -> int:
    """The number of columns."""
    raise NotImplementedError


def double(x: Tensor) -> Tensor:
    """Twice as much."""
    raise NotImplementedError
'''

SUMS_SOLUTION = '''"""Second exercise: sums."""

from torch import Tensor


def total(x: Tensor) -> Tensor:
    """The sum of all entries."""
    return x.sum()
'''

SUMS_CHECKS = '''"""What exercise 2 asks."""

from checker.spec import check, tensor

check("total", x=tensor("N"), hints=["It is a method."])
'''

SUMS_STUB = SUMS_SOLUTION.replace("return x.sum()", "raise NotImplementedError")


def write_tiny_course(root: Path) -> Path:
    """Write the course below a folder, with untouched stubs."""
    for name, files in {
        "exercise1_shapes": (SHAPES_STUB, SHAPES_SOLUTION, SHAPES_CHECKS),
        "exercise2_sums": (SUMS_STUB, SUMS_SOLUTION, SUMS_CHECKS),
    }.items():
        stub, solution, checks = files
        folder = root / "solutions" / name
        folder.mkdir(parents=True)
        (folder / "solution.py").write_text(solution)
        (folder / "checks.py").write_text(checks)
        (root / "exercises").mkdir(exist_ok=True)
        (root / "exercises" / f"{name}.py").write_text(stub)
    return root
