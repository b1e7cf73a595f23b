"""Wrong answers to exercise 2 that students give, each with the sentence that helps."""

import torch

from checker.spec import misconception


@misconception("make_input", "Data is not trained: leave requires_grad out.")
def input_requires_grad():
    return torch.tensor([1.5, 2.5], requires_grad=True)


@misconception("make_input", "Double brackets make a matrix of one row, [1, 2]: a point is a vector, [2].")
def input_as_row():
    return torch.tensor([[1.5, 2.5]])


@misconception("make_input", "float64 is NumPy's default; PyTorch's, and this course's, is float32.")
def input_in_double():
    return torch.tensor([1.5, 2.5], dtype=torch.float64)


@misconception("make_input", "This is the parameter w; the data point is (1.5, 2.5).")
def input_is_the_parameter():
    return torch.tensor([-1.0, 1.0])


@misconception("make_parameter", "Nothing will note operations on this tensor: say requires_grad=True.")
def without_flag():
    return torch.tensor([-1.0, 1.0])


@misconception(
    "make_parameter",
    "This is the result of an operation on a leaf, not a leaf, and gets no .grad: set the flag on the final tensor.",
)
def not_a_leaf():
    return torch.tensor([-1.0, 1.0], requires_grad=True) * 1


@misconception("make_parameter", "Double brackets make a matrix of one row, [1, 2]: the parameter is a vector, [2].")
def parameter_as_row():
    return torch.tensor([[-1.0, 1.0]], requires_grad=True)


@misconception("make_parameter", "This is the data point x; the parameter is (-1, 1).")
def parameter_is_the_input():
    return torch.tensor([1.5, 2.5], requires_grad=True)


@misconception("distance", "The square root is missing: this is the squared distance.")
def squared(w, x):
    return (x - w).square().sum()


@misconception("distance", "The mean takes the place of the sum here, so the distance shrinks with the dimension.")
def root_mean_square(w, x):
    return (x - w).square().mean().sqrt()


@misconception("distance", "These are the absolute differences added up; squares, a sum and a root are asked for.")
def sum_of_absolutes(w, x):
    return (x - w).abs().sum()


@misconception("distance", "The result is a vector of one entry, [1]: sum() without keepdim gives a scalar, [].")
def distance_of_one_entry(w, x):
    return (x - w).square().sum(0, keepdim=True).sqrt()


@misconception("distance", "A Python number has left the graph: keep to tensors, without .item() and float().")
def python_number(w, x):
    return (x - w).square().sum().sqrt().item()


@misconception(
    "distance",
    "The way back to w and x is cut, by detach, .data, no_grad or a new torch.tensor(...): no gradient can flow.",
)
def cut_off(w, x):
    return (x - w).detach().square().sum().sqrt()


@misconception("distance", "|w|^2 - 2 w x + |x|^2 loses its digits where w and x are close: subtract first.")
def expanded_square(w, x):
    return (w.square().sum() - 2 * (w * x).sum() + x.square().sum()).clamp_min(0).sqrt()


@misconception("distance", "The small number under the root, against division by zero, is seen where points are close.")
def padded_root(w, x):
    return ((x - w).square().sum() + 1e-6).sqrt()


@misconception("local_derivatives", "a = x - w falls when w grows: da/dw is -1.")
def sign_of_the_difference(w, x):
    a = x - w
    return _local(torch.ones_like(a), 2 * a, torch.ones_like(a), 1 / (2 * a.square().sum().sqrt()))


@misconception("local_derivatives", "The derivative of a^2 is 2 a: the 2 is missing.")
def square_without_two(w, x):
    a = x - w
    return _local(-torch.ones_like(a), a, torch.ones_like(a), 1 / (2 * a.square().sum().sqrt()))


@misconception("local_derivatives", "The derivative of sqrt(c) is 1 / (2 sqrt(c)): the 2 is missing.")
def root_without_two(w, x):
    a = x - w
    return _local(-torch.ones_like(a), 2 * a, torch.ones_like(a), 1 / a.square().sum().sqrt())


@misconception("local_derivatives", "The derivative of sqrt(c) has the root below: 1 / (2 sqrt(c)), not sqrt(c) / 2.")
def root_not_inverted(w, x):
    a = x - w
    return _local(-torch.ones_like(a), 2 * a, torch.ones_like(a), a.square().sum().sqrt() / 2)


@misconception(
    "local_derivatives", "dc/db has an entry for each term of the sum, [D]: the scalar 1 is only one of them."
)
def sum_as_scalar(w, x):
    a = x - w
    return _local(-torch.ones_like(a), 2 * a, torch.ones_like(a[0]), 1 / (2 * a.square().sum().sqrt()))


@misconception("local_derivatives", "The derivative of a^2 is taken at a = x - w, not at x.")
def square_at_x(w, x):
    a = x - w
    return _local(-torch.ones_like(a), 2 * x, torch.ones_like(a), 1 / (2 * a.square().sum().sqrt()))


def _local(da_dw, db_da, dc_db, dz_dc):
    return {"da_dw": da_dw, "db_da": db_da, "dc_db": dc_db, "dz_dc": dz_dc}


@misconception("chain_rule", "The inner derivative is missing: da/dw = -1 turns the sign. This points from w to x.")
def without_inner_derivative(w, x):
    return (x - w) / (x - w).square().sum().sqrt()


@misconception(
    "chain_rule", "The derivative of the square root is missing: this is the gradient of the squared distance."
)
def of_the_squared_distance(w, x):
    return 2 * (w - x)


@misconception("chain_rule", "The factors are added up; along the chain they are multiplied.")
def added_up(w, x):
    a = x - w
    return 1 / (2 * a.square().sum().sqrt()) + torch.ones_like(a) + 2 * a - torch.ones_like(a)


@misconception("chain_rule", "The entries are summed into one number: the gradient has an entry for each w_i.")
def summed_gradient(w, x):
    return ((w - x) / (x - w).square().sum().sqrt()).sum()


@misconception("chain_rule", "The 2 of the square is missing: together with the 1/2 of the root it makes 1.")
def half_the_gradient(w, x):
    return (w - x) / (2 * (x - w).square().sum().sqrt())


@misconception("chain_rule", "Each entry is divided by its own |x_i - w_i|: c is one sum over all entries.")
def own_root_for_each(w, x):
    return (w - x) / (x - w).square().sqrt()


@misconception(
    "backward_gradient",
    "The caller's `w` now requires grad, and keeps the gradient in .grad: work on w.detach().clone().",
)
def flag_set_on_the_callers(w, x):
    w.requires_grad_()
    w.grad = None
    (x - w).square().sum().sqrt().backward()
    return w.grad


@misconception(
    "backward_gradient",
    "backward() adds to .grad, so a second call gives the double: work on a leaf of your own, w.detach().clone().",
)
def accumulated(w, x):
    w.requires_grad_()
    (x - w).square().sum().sqrt().backward()
    return w.grad.clone()


@misconception(
    "backward_gradient",
    "x may require grad too, and its .grad then collects what flows into it: hand x.detach() to the distance.",
)
def flows_into_x(w, x):
    leaf = w.detach().clone().requires_grad_()
    (x - leaf).square().sum().sqrt().backward()
    return leaf.grad


@misconception(
    "backward_gradient", "This is the gradient with respect to x; the one with respect to w has the other sign."
)
def gradient_of_x(w, x):
    leaf = x.detach().clone().requires_grad_()
    (leaf - w.detach()).square().sum().sqrt().backward()
    return leaf.grad


@misconception("backward_gradient", "Without the square root this is the gradient of the squared distance.")
def gradient_of_the_square(w, x):
    leaf = w.detach().clone().requires_grad_()
    (x.detach() - leaf).square().sum().backward()
    return leaf.grad


@misconception(
    "backward_gradient",
    "None is given back: backward() returns nothing, and only a leaf gets a .grad. Return the .grad of your leaf.",
)
def result_of_backward(w, x):
    leaf = w.detach().clone().requires_grad_()
    return (x.detach() - leaf).square().sum().sqrt().backward()


@misconception("backward_gradient", "The caller's .grad is cleared here: leave the caller's tensors alone altogether.")
def clears_the_callers_grad(w, x):
    flag = w.requires_grad
    w.requires_grad_()
    w.grad = None
    (x.detach() - w).square().sum().sqrt().backward()
    gradient = w.grad
    w.grad = None
    w.requires_grad_(flag)
    return gradient
