"""How exercise 1 is checked: the inputs of each function, what must hold of it, and its hints.

Equal letters are equal sizes. That the answer is right, keeps its dtype, works for every size and memory layout and
changes nothing is checked of every function without being said.
"""

from checker.spec import array, check, owns_memory, rows, seen_by, shares_memory, size, tensor

check(
    "from_rows",
    rows=rows("R C"),
    hints=[
        "Which function makes a tensor of nested lists? It takes the dtype as an argument.",
        "A list of Python ints becomes int64 unless you say `dtype=...`: torch.tensor(rows, dtype=torch.float32).",
    ],
)

check(
    "shape_of",
    x=tensor("..."),
    hints=[
        "Every tensor has an attribute that holds its sizes, as a NumPy array has.",
        "`x.shape` is a torch.Size, which is a tuple of ints.",
    ],
)

check(
    "to_numpy",
    x=tensor("...", requires_grad=None),
    hints=[
        "Tensors have a method that gives a NumPy array. When does it raise, and what does the message suggest?",
        "First leave the graph, x.detach(), and a GPU, .cpu(); then .numpy().",
    ],
)

check(
    "share_numpy",
    a=array("R C"),
    laws=[shares_memory("a")],
    hints=[
        "torch.tensor(a) copies. Which function makes a tensor *from* NumPy without a copy?",
        "torch.from_numpy(a), or torch.as_tensor(a).",
    ],
)

check(
    "add",
    x=tensor("..."),
    y=tensor("..."),
    laws=[owns_memory("x")],
    hints=[
        "Arithmetic on tensors is written as on NumPy arrays.",
        "`x + y` makes a new tensor; `x += y` would change the caller's x.",
    ],
)


def change_in_place(answer, x, y):
    """Changes `x` itself, for every view of it, and gives that same tensor back."""
    view = x.view_as(x)
    result = answer.add_(x, y)
    return {"the result": result, "x": x, "a view of x": view, "`result is x`": result is x, "y": y}


check(
    "add_",
    x=tensor("..."),
    y=tensor("..."),
    changes=["x"],
    laws=[seen_by(change_in_place)],
    hints=[
        "The name is the hint: tensors have a method of the same name.",
        "x.add_(y) changes x and returns it; `x = x + y` would only give the local name x another tensor.",
    ],
)

check(
    "as_matrix",
    x=tensor("R*C"),
    rows=size("R"),
    cols=size("C"),
    laws=[shares_memory("x")],
    hints=[
        "A method of tensors gives another *view* of the same numbers, with other sizes.",
        "x.view(rows, cols); x.reshape(rows, cols) is a view too wherever one is possible.",
    ],
)

check(
    "transpose",
    x=tensor("R C"),
    least={"R": 0, "C": 0},
    hints=[
        "It is not a reshape: the entries change their order, x[r, c] goes to [c, r].",
        "x.T, or x.transpose(0, 1).",
    ],
)

check(
    "matmul",
    x=tensor("N D"),
    w=tensor("D H"),
    least={"N": 0},
    hints=[
        "`*` multiplies entry by entry. Which operator multiplies matrices?",
        "x @ w, or torch.matmul(x, w).",
    ],
)

check(
    "batch_matmul",
    a=tensor("B N M"),
    b=tensor("B M P"),
    least={"B": 0},
    hints=[
        "The operator for matrices treats every dimension before the last two as a batch.",
        "a @ b, or torch.bmm(a, b).",
    ],
)

check(
    "bilinear",
    x=tensor("N D"),
    a=tensor("D E"),
    y=tensor("N E"),
    least={"N": 0},
    hints=[
        "Give each index of the formula a letter. Which letters stand in the result? The others are summed over.",
        "Three inputs, nd and de and ne, one output, n.",
        'torch.einsum("nd,de,ne->n", x, a, y)',
    ],
)

MATRIX = {"R": 3, "C": 2}

check(
    "second_column",
    x=tensor("R C"),
    least=MATRIX,
    hints=[
        "Counting starts at 0, and `:` takes all of a dimension.",
        "All rows, column 1: x[:, 1].",
    ],
)

check(
    "first_row",
    x=tensor("R C"),
    least=MATRIX,
    hints=[
        "An index for the first dimension alone gives a whole row.",
        "x[0] has shape [C]; x[0:1] would keep a dimension of size one.",
    ],
)

check(
    "first_two_rows_last_column",
    x=tensor("R C"),
    least=MATRIX,
    hints=[
        "A slice for the rows, one index for the column. Negative indices count from the end.",
        "x[:2, -1]",
    ],
)

check(
    "middle_rows",
    x=tensor("R C"),
    least=MATRIX,
    hints=[
        "A slice a:b starts at a and ends before b.",
        "x[1:3]",
    ],
)
