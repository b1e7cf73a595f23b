"""Wrong answers to exercise 1 that students give, each with the sentence that helps."""

import numpy as np
import torch

from checker.spec import misconception


@misconception("from_rows", "A list of ints becomes an int64 tensor: say dtype=torch.float32.")
def keeps_ints(rows):
    return torch.tensor(rows)


@misconception("from_rows", "NumPy's floats are float64, and from_numpy keeps them: PyTorch's own default is float32.")
def doubles(rows):
    return torch.from_numpy(np.array(rows, dtype=float))


@misconception("from_rows", "The dtype is an argument of torch.tensor; converting to int first cuts the fractions off.")
def cut_to_ints(rows):
    return torch.tensor([[int(number) for number in row] for row in rows], dtype=torch.float32)


@misconception(
    "from_rows", "These are the numbers one after the other: keep one row of the matrix for each inner list."
)
def flattened(rows):
    return torch.tensor([number for row in rows for number in row], dtype=torch.float32)


@misconception("from_rows", "Rows and columns have changed places: an inner list is a row.")
def columns(rows):
    return torch.tensor(rows, dtype=torch.float32).T


@misconception("shape_of", "`ndim` is how many dimensions there are; their sizes are in `shape`.")
def number_of_dimensions(x):
    return x.ndim


@misconception("shape_of", "A list of sizes is no tuple: tuple(...) makes one of it.")
def list_of_sizes(x):
    return list(x.shape)


@misconception("shape_of", "numel() counts the entries; the size of each dimension is asked for.")
def number_of_entries(x):
    return (x.numel(),)


@misconception("shape_of", "The sizes come as a tensor here: plain ints in a tuple are asked for.")
def sizes_in_a_tensor(x):
    return torch.tensor(x.shape)


@misconception("to_numpy", "A tensor that requires grad has no .numpy(): detach it from the graph first.")
def without_detach(x):
    return x.numpy()


@misconception("to_numpy", "A list of Python numbers is no NumPy array.")
def list_of_numbers(x):
    return x.tolist()


@misconception("to_numpy", "detach() leaves the graph, and what it gives is still a tensor: .numpy() comes after it.")
def only_detached(x):
    return x.detach()


@misconception("to_numpy", "np.array of Python numbers is float64: the array should have the dtype of the tensor.")
def always_double(x):
    return np.array(x.tolist(), dtype=np.float64)


@misconception("share_numpy", "torch.tensor copies: what is written into `a` later does not show in the tensor.")
def copied(a):
    return torch.tensor(a)


@misconception("share_numpy", "The dtype is changed on the way, which makes a copy: keep the array's dtype.")
def converted(a):
    return torch.from_numpy(a).float()


@misconception("share_numpy", "A list is a copy too, and its numbers lose their dtype: hand over the array itself.")
def through_a_list(a):
    return torch.tensor(a.tolist())


@misconception("add", "`+=` and `add_` change the caller's `x`: make a new tensor with `x + y`.")
def in_place(x, y):
    x += y
    return x


@misconception("add", "This changes the caller's `y`: make a new tensor with `x + y`.")
def into_the_second(x, y):
    return y.add_(x)


@misconception("add", "All entries are added up into one number: the sum is taken entry by entry, without .sum().")
def summed_up(x, y):
    return (x + y).sum()


@misconception("add", "The sign of `y` is turned.")
def subtracted(x, y):
    return x - y


@misconception(
    "add_", "This makes a new tensor and leaves `x` as it was: `x = x + y` only gives the name to another one."
)
def new_tensor(x, y):
    x = x + y
    return x


@misconception("add_", "`x` has changed, but the function gives nothing back: return x.")
def returns_nothing(x, y):
    x += y


@misconception("add_", "`x` has changed, but a copy of it is given back: return x itself.")
def returns_a_copy(x, y):
    x += y
    return x.clone()


@misconception("add_", "`x.data = ...` gives x other memory: views of x still see the old one. Use x.add_(y).")
def replaced_data(x, y):
    x.data = x + y
    return x


@misconception("add_", "This changes `y`: the first argument is the one to change.")
def changed_the_second(x, y):
    return y.add_(x)


@misconception("as_matrix", "A copy: what is written into `x` later does not show. A view needs no copying.")
def copy_of_it(x, rows, cols):
    return x.reshape(rows, cols).clone()


@misconception("as_matrix", "rows and cols have changed places: the first size is the number of rows.")
def sizes_swapped(x, rows, cols):
    return x.view(cols, rows)


@misconception("as_matrix", "The numbers run down the columns here; they should run along the rows.")
def column_after_column(x, rows, cols):
    return x.view(cols, rows).T


@misconception("as_matrix", "A fixed size works for one example only: use rows and cols.")
def fixed_sizes(x, rows, cols):
    return x.view(2, 3)


@misconception("transpose", "A reshape keeps the numbers in their order; a transpose moves x[r, c] to [c, r].")
def reshaped(x):
    return x.reshape(x.shape[1], x.shape[0])


@misconception("transpose", "This is `x` as it was: transposing makes a new view, and that is what to return.")
def forgot_the_result(x):
    x.transpose(0, 1)
    return x


@misconception("transpose", "flip turns the order of the rows and columns around; .T makes rows of columns.")
def flipped(x):
    return x.flip(0, 1)


@misconception("matmul", "`*` multiplies entry by entry: the product of matrices is written `@`.")
def entrywise(x, w):
    return x * w


@misconception("matmul", "The factors have changed places: x @ w and w @ x are different matrices.")
def factors_swapped(x, w):
    return w @ x


@misconception("matmul", "This is the transposed product, of shape [H, N].")
def transposed_result(x, w):
    return (x @ w).T


@misconception("matmul", "`w` is [D, H] here and needs no transposing (nn.Linear keeps its weight as [H, D]).")
def weight_transposed(x, w):
    return x @ w.T


@misconception("batch_matmul", "`*` multiplies entry by entry: products of matrices are written `@`, in batches too.")
def batch_entrywise(a, b):
    return a * b


@misconception("batch_matmul", "Only the first pair is multiplied; the result has one matrix for each pair.")
def only_the_first_pair(a, b):
    return a[0] @ b[0]


@misconception("batch_matmul", "The sum runs over the batch too: keep b among the letters of the result.")
def summed_over_the_batch(a, b):
    return torch.einsum("bnm,bmp->np", a, b)


@misconception("batch_matmul", "Each matrix comes out transposed: [B, N, P] is asked for.")
def each_transposed(a, b):
    return (a @ b).transpose(1, 2)


@misconception("batch_matmul", "Every `a` meets every `b` here; each pair is multiplied by itself.")
def every_pair(a, b):
    return torch.einsum("bnm,cmp->bcnp", a, b)


@misconception(
    "bilinear", "This pairs every row of x with every row of y, [N, N]; row n belongs with row n, its diagonal."
)
def all_pairs(x, a, y):
    return x @ a @ y.T


@misconception("bilinear", "n is missing among the letters of the result: one number a pair, not their sum.")
def summed_over_pairs(x, a, y):
    return torch.einsum("nd,de,ne->", x, a, y)


@misconception("bilinear", "The sum over e is missing: leave e out of the letters of the result.")
def one_sum_missing(x, a, y):
    return torch.einsum("nd,de,ne->ne", x, a, y)


@misconception("bilinear", "[N, 1] for [N]: the sum should not keep the dimension that it sums over.")
def kept_dimension(x, a, y):
    return ((x @ a) * y).sum(1, keepdim=True)


@misconception("bilinear", "The first sample's value stands in every place: its own rows belong to each n.")
def first_sample_everywhere(x, a, y):
    return (x[:1] @ a @ y[:1].T).expand(len(x), 1)[:, 0]


@misconception("second_column", "Counting starts at 0: the second column has the index 1.")
def counted_from_one(x):
    return x[:, 2] if x.shape[1] > 2 else x[:, -1]


@misconception("second_column", "x[1] is a row: the column is the second index, x[:, 1].")
def second_row(x):
    return x[1]


@misconception("second_column", "A slice keeps the dimension, [R, 1]: an index alone drops it.")
def column_as_matrix(x):
    return x[:, 1:2]


@misconception("second_column", "The first column has the index 0; the second is asked for.")
def first_column(x):
    return x[:, 0]


@misconception("first_row", "x[:, 0] is the first column: the row is the first index.")
def column_for_row(x):
    return x[:, 0]


@misconception("first_row", "A slice keeps the dimension, [1, C]: x[0] drops it.")
def row_as_matrix(x):
    return x[:1]


@misconception("first_row", "Counting starts at 0: x[1] is the second row.")
def row_counted_from_one(x):
    return x[1]


@misconception("first_two_rows_last_column", "A slice for the column keeps its dimension, [2, 1]: -1 alone drops it.")
def last_as_matrix(x):
    return x[:2, -1:]


@misconception("first_two_rows_last_column", "A slice ends before its second number: x[:1] is one row, x[:2] two.")
def one_row_short(x):
    return x[:1, -1]


@misconception(
    "first_two_rows_last_column", "1 is the second column, which is the last only when there are two: use -1."
)
def fixed_column(x):
    return x[:2, 1]


@misconception(
    "first_two_rows_last_column", "x[:2][-1] takes the last *row* of the two: put both indices in one bracket."
)
def chained(x):
    return x[:2][-1]


@misconception("middle_rows", "A slice ends before its second number: x[1:2] is one row, x[1:3] two.")
def slice_one_short(x):
    return x[1:2]


@misconception("middle_rows", "x[1:-1] leaves out the last row, wherever that is: the rows 1 and 2 are asked for.")
def all_but_the_ends(x):
    return x[1:-1]


@misconception("middle_rows", "x[1, 2] is one entry, row 1 and column 2: a slice a:b takes rows.")
def one_entry(x):
    return x[1, min(2, x.shape[1] - 1)]


@misconception("middle_rows", "These are the columns 1 and 2: rows are the first index.")
def middle_columns(x):
    return x[:, 1:3]
