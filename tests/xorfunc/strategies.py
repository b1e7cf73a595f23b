"""What the library takes, as hypothesis strategies: dtypes, sizes, keys, tensors, parameter dicts."""

import torch
from hypothesis import strategies as st

from xorfunc.random import key

dtypes = st.sampled_from([torch.float32, torch.float64])
sizes = st.integers(1, 6)
seeds = st.integers(0, 2**31 - 1)
keys = seeds.map(key)


def normal(seed, shape, dtype=torch.float32):
    """Standard normal numbers that leave the global random state alone."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def labels(seed, num):
    """Labels 0 and 1, int64."""
    return torch.randint(0, 2, (num,), generator=torch.Generator().manual_seed(seed))


@st.composite
def tensors(draw, shape, dtype):
    """A tensor of ordinary numbers, contiguous or not."""
    shape = tuple(shape)
    if shape and draw(st.booleans()):
        return normal(draw(seeds), shape[::-1], dtype).permute(*reversed(range(len(shape))))
    return normal(draw(seeds), shape, dtype)


@st.composite
def param_dicts(draw, dtype, num_inputs=None, num_hidden=None, num_outputs=1):
    """Parameters of the network, its sizes drawn where they are not given."""
    d, h = num_inputs or draw(sizes), num_hidden or draw(sizes)
    shapes = {
        "linear_h.weight": (h, d),
        "linear_h.bias": (h,),
        "linear_s.weight": (num_outputs, h),
        "linear_s.bias": (num_outputs,),
    }
    return {name: draw(tensors(shape, dtype)) for name, shape in shapes.items()}


@st.composite
def training_problems(draw, min_examples=1, max_examples=12):
    """Parameters with inputs `[N, D]` and labels `[N]` that fit them."""
    dtype, num, d = draw(dtypes), draw(st.integers(min_examples, max_examples)), draw(sizes)
    params = draw(param_dicts(dtype, num_inputs=d))
    return params, draw(tensors((num, d), dtype)), labels(draw(seeds), num)
