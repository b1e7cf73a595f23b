"""Right answers to exercise 1 in other forms, all of which the checks must pass."""

import copy

import numpy as np
import torch

from checker.spec import alternative, equivalent


@alternative("from_rows")
def through_numpy(rows):
    return torch.from_numpy(np.array(rows, dtype=np.float32))


@alternative("from_rows")
def convert_afterwards(rows):
    return torch.tensor(rows).float()


@alternative("from_rows")
def stack_rows(rows):
    return torch.stack([torch.tensor(row, dtype=torch.float32) for row in rows])


@alternative("shape_of")
def size_method(x):
    return x.size()


@alternative("shape_of")
def comprehension(x):
    return tuple(x.size(dim) for dim in range(x.dim()))


@alternative("to_numpy")
def forced(x):
    return x.numpy(force=True)


@alternative("to_numpy")
def taken_by_numpy(x):
    return np.asarray(x.detach().cpu())


@alternative("to_numpy")
def through_list(x):
    return np.array(x.tolist(), dtype=str(x.dtype).removeprefix("torch."))


@alternative("share_numpy")
def as_tensor(a):
    return torch.as_tensor(a)


@alternative("share_numpy")
def through_dlpack(a):
    return torch.from_dlpack(a)


@alternative("add")
def function(x, y):
    return torch.add(x, y)


@alternative("add")
def copy_then_in_place(x, y):
    result = x.clone()
    result += y
    return result


@alternative("add_")
def augmented(x, y):
    x += y
    return x


@alternative("add_")
def assign_everywhere(x, y):
    x[...] = x + y
    return x


@alternative("add_")
def copied_into(x, y):
    return x.copy_(x + y)


@alternative("as_matrix")
def reshape(x, rows, cols):
    return x.reshape(rows, cols)


@alternative("as_matrix")
def unflatten(x, rows, cols):
    return x.unflatten(0, (rows, cols))


@alternative("transpose")
def swap_dims(x):
    return x.transpose(0, 1)


@alternative("transpose")
def permute(x):
    return x.permute(1, 0).clone()


@alternative("transpose")
def by_letters(x):
    return torch.einsum("rc->cr", x)


@alternative("matmul")
def mm(x, w):
    return torch.mm(x, w)


@alternative("matmul")
def broadcast_and_sum(x, w):
    return (x[:, :, None] * w[None, :, :]).sum(1)


@alternative("matmul")
def einsum(x, w):
    return torch.einsum("nd,dh->nh", x, w)


@alternative("batch_matmul")
def bmm(a, b):
    return torch.bmm(a, b)


@alternative("batch_matmul")
def mapped(a, b):
    return torch.func.vmap(torch.mm)(a, b)


@alternative("batch_matmul")
def batch_einsum(a, b):
    return torch.einsum("bnm,bmp->bnp", a, b)


@alternative("bilinear")
def product_and_sum(x, a, y):
    return ((x @ a) * y).sum(1)


@alternative("bilinear")
def loop(x, a, y):
    values = [row @ a @ other for row, other in zip(x, y, strict=True)]
    return torch.stack(values) if values else x.new_zeros(0)


@alternative("bilinear")
def library_function(x, a, y):
    return torch.nn.functional.bilinear(x, y, a[None]).squeeze(1)


@alternative("second_column")
def select(x):
    return x.select(1, 1)


@alternative("second_column")
def of_the_transpose(x):
    return x.T[1]


@alternative("first_row")
def with_colon(x):
    return x[0, :]


@alternative("first_row")
def unbind(x):
    return copy.copy(x.unbind(0)[0])


@alternative("first_two_rows_last_column")
def one_by_one(x):
    return torch.stack([x[0, -1], x[1, -1]])


@alternative("first_two_rows_last_column")
def counted_column(x):
    return x[0:2, x.shape[1] - 1]


@alternative("middle_rows")
def listed(x):
    return x[[1, 2]]


@alternative("middle_rows")
def narrow(x):
    return x.narrow(0, 1, 2)


equivalent("shape_of", "return tuple(x.shape) -> return x.shape", "a torch.Size is a tuple of ints")
equivalent(
    "to_numpy",
    "return x.detach().cpu().numpy() -> return x.detach().numpy()",
    "what is on the CPU need not be moved there; a GPU shows the difference",
)
