"""A product and a sum that are rounded once.

Written as two operations, `x * a + b` is rounded twice, and its last bit is often another than that of the one fused
instruction that a compiler puts in their place. JAX compiles the numbers it draws, so giving the same ones to the last
bit takes that single rounding, for which torch has no operation. Here it is put together from ordinary ones, whose own
rounding errors are kept as numbers (Dekker, "A floating-point technique for extending the available precision",
Numerische Mathematik 18, 1971, https://doi.org/10.1007/BF01397083).
"""

import torch
from jaxtyping import Float, Float64
from torch import Tensor


def multiply_add(x: Float[Tensor, "*shape"], a: Float[Tensor, ""], b: Float[Tensor, ""]) -> Float[Tensor, "*shape"]:
    """`x * a + b`, rounded once.

    In float32 through float64, where the product is exact. In float64 as four rounded results that are exact together:

        x a = p + e        p + b = s + t        x a + b = s + (t + e)

    Args:
        x: factors, in float32 or float64.
        a: the other factor, in the same dtype. In float64 its product with x is far from overflow and underflow.
        b: the summand, in the same dtype.

    >>> x, a, b = torch.tensor([1 + 2**-52, 1 - 2**-52, -1], dtype=torch.float64)
    >>> multiply_add(x, a, b).item() == -(2**-104), (x * a + b).item()
    (True, 0.0)
    """
    if x.dtype == torch.float32:
        return (x.double() * a.double() + b.double()).float()
    p = x * a
    x_high, x_low = _halves(x)
    a_high, a_low = _halves(a)
    e = ((x_high * a_high - p) + x_high * a_low + x_low * a_high) + x_low * a_low
    s = p + b
    b_rounded = s - p
    t = (p - (s - b_rounded)) + (b - b_rounded)
    return s + (t + e)


def _halves(x: Float64[Tensor, "*shape"]) -> tuple[Float64[Tensor, "*shape"], Float64[Tensor, "*shape"]]:
    """Two numbers of 26 bits whose sum is x: products of such halves are exact."""
    shifted = x * (2**27 + 1)
    high = shifted - (shifted - x)
    return high, x - high
