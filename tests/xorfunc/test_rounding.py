from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from xorfunc.rounding import multiply_add

numbers = st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-6)


@given(x=numbers, a=numbers, b=numbers)
def test_float64_is_rounded_as_the_exact_number_is(x, a, b):
    got = multiply_add(*torch.tensor([x, a, b], dtype=torch.float64)).item()
    assert got == float(Fraction(x) * Fraction(a) + Fraction(b))


@pytest.mark.parametrize(("dtype", "eps"), [(torch.float32, 2.0**-23), (torch.float64, 2.0**-52)])
def test_what_is_left_of_a_product_close_to_the_summand_is_not_lost(dtype, eps):
    x, a, b = torch.tensor([1 + eps, 1 - eps, -1], dtype=dtype)
    assert multiply_add(x, a, b).item() == -(eps**2)
    assert (x * a + b).item() == 0
