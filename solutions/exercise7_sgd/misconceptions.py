"""Wrong answers to exercise 7 that students give, each with the sentence that helps."""

import warnings

import torch
from torch.func import grad_and_value

from checker.spec import misconception


@misconception("sgd_update", "This climbs: the gradient points uphill, so the step is p - lr * g.")
def uphill(params, grads, lr):
    return {name: (p + lr * grads[name]).detach() for name, p in params.items()}


@misconception("sgd_update", "The learning rate is missing: this goes the whole way of the gradient, p - g.")
def without_the_rate(params, grads, lr):
    return {name: (p - grads[name]).detach() for name, p in params.items()}


@misconception("sgd_update", "This is only the step: take it from the parameters, p - lr * g.")
def only_the_step(params, grads, lr):
    return {name: (-lr * grads[name]).detach() for name, p in params.items()}


@misconception(
    "sgd_update", "`-=` writes into the caller's tensors: p - lr * g makes new ones, and the old ones stay as they are."
)
def tensors_changed_in_place(params, grads, lr):
    with torch.no_grad():
        for name, p in params.items():
            p -= lr * grads[name]
    return dict(params)


@misconception("sgd_update", "The caller's dict is filled with the new parameters: make a dict of your own.")
def dict_changed_in_place(params, grads, lr):
    for name in params:
        params[name] = (params[name] - lr * grads[name]).detach()
    return params


@misconception(
    "sgd_update",
    "The result requires grad where params do, and the graph would grow from step to step: compute it under no_grad.",
)
def graph_kept(params, grads, lr):
    return {name: p - lr * grads[name] for name, p in params.items()}


@misconception(
    "sgd_update", "zip pairs by order, and grads may have the names in another order: take grads[name] by the name."
)
def paired_by_order(params, grads, lr):
    pairs = zip(params.items(), grads.values(), strict=True)
    return {name: (p - lr * g).detach() for (name, p), g in pairs}


@misconception("sgd_update", "A list has lost the names: a dict with the names of params is asked for.")
def list_of_parameters(params, grads, lr):
    return [(p - lr * grads[name]).detach() for name, p in params.items()]


def _step(loss_fn, params, x, y, lr):
    params = {name: p.detach() for name, p in params.items()}
    grads, loss = grad_and_value(loss_fn)(params, x, y)
    return {name: p - lr * grads[name] for name, p in params.items()}, loss


@misconception("train_step", "The loss is that of the new parameters: the one before the step is asked for.")
def loss_after_the_step(loss_fn, params, x, y, lr):
    new, _ = _step(loss_fn, params, x, y, lr)
    return new, loss_fn(new, x, y)


@misconception("train_step", "The order is (loss, params) here: (params, loss) is asked for.")
def swapped_pair(loss_fn, params, x, y, lr):
    return _step(loss_fn, params, x, y, lr)[::-1]


@misconception("train_step", "The loss is missing: a pair (params, loss) is asked for.")
def parameters_alone(loss_fn, params, x, y, lr):
    return _step(loss_fn, params, x, y, lr)[0]


@misconception("train_step", "The loss is a Python number here: keep the tensor, and detach it.")
def loss_as_number(loss_fn, params, x, y, lr):
    new, loss = _step(loss_fn, params, x, y, lr)
    return new, loss.item()


@misconception("train_step", "This climbs: the gradient points uphill, so the step goes against it.")
def step_uphill(loss_fn, params, x, y, lr):
    return _step(loss_fn, params, x, y, -lr)


@misconception("train_step", "The parameters given back are the old ones: return those that sgd_update gives.")
def old_parameters(loss_fn, params, x, y, lr):
    return {name: p.detach() for name, p in params.items()}, _step(loss_fn, params, x, y, lr)[1]


@misconception("train_step", "grad_and_value gives (grads, value): take the gradients first, then the loss.")
def values_order(loss_fn, params, x, y, lr):
    loss, grads = grad_and_value(loss_fn)(params, x, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of a name as an index before it raises
        return {name: p - lr * grads[name] for name, p in params.items()}, loss


@misconception(
    "train_step",
    "The caller's tensors change here: with -=, or since they now require grad and collect a .grad. Leave them alone.",
)
def in_place(loss_fn, params, x, y, lr):
    new, loss = _step(loss_fn, params, x, y, lr)
    for name, p in params.items():
        p.data.copy_(new[name])
    return {name: p.detach() for name, p in params.items()}, loss


@misconception(
    "train_step",
    "backward() needs the caller's params to require grad and fills their .grad: use grad_and_value, or own copies.",
)
def backward_on_the_callers(loss_fn, params, x, y, lr):
    for p in params.values():
        p.requires_grad_()
        p.grad = None
    loss = loss_fn(params, x, y)
    loss.backward()
    new = {name: p.detach() if p.grad is None else p.detach() - lr * p.grad for name, p in params.items()}
    return new, loss.detach()


@misconception(
    "train_step", "What comes back requires grad where params do: detach the loss, and step under torch.no_grad()."
)
def results_require_grad(loss_fn, params, x, y, lr):
    grads, loss = grad_and_value(loss_fn)(params, x, y)
    return {name: p - lr * grads[name] for name, p in params.items()}, loss


@misconception(
    "train_step", "A parameter without a gradient is left out of the result: the loss ignores it, so it stays as it is."
)
def ignored_parameter_lost(loss_fn, params, x, y, lr):
    leaves = {name: p.detach().clone().requires_grad_() for name, p in params.items()}
    loss = loss_fn(leaves, x, y)
    loss.backward()
    return {name: p.detach() - lr * p.grad for name, p in leaves.items() if p.grad is not None}, loss.detach()


@misconception(
    "train_step",
    "autograd.grad raises for a parameter that the loss ignores: allow_unused=True, and such a one stays as it is.",
)
def unused_not_allowed(loss_fn, params, x, y, lr):
    leaves = {name: p.detach().clone().requires_grad_() for name, p in params.items()}
    loss = loss_fn(leaves, x, y)
    grads = torch.autograd.grad(loss, list(leaves.values()))
    stepped = zip(leaves.items(), grads, strict=True)
    return {name: p.detach() - lr * g for (name, p), g in stepped}, loss.detach()


@misconception(
    "train_step",
    "`.grad` is None for a parameter that the loss ignores, and lr * None raises: such a parameter stays as it is.",
)
def grad_is_none(loss_fn, params, x, y, lr):
    leaves = {name: p.detach().clone().requires_grad_() for name, p in params.items()}
    loss = loss_fn(leaves, x, y)
    loss.backward()
    return {name: p.detach() - lr * p.grad for name, p in leaves.items()}, loss.detach()


@misconception("momentum_init", "These are copies of the parameters: at rest the velocity is zero everywhere.")
def copies(params):
    return {name: p.detach().clone() for name, p in params.items()}


@misconception("momentum_init", "These are ones: at rest the velocity is zero everywhere.")
def ones(params):
    return {name: torch.ones_like(p) for name, p in params.items()}


@misconception("momentum_init", "A Python 0.0 has neither shape nor dtype: torch.zeros_like(p) takes them from p.")
def python_zeros(params):
    return dict.fromkeys(params, 0.0)


@misconception("momentum_init", "A single zero for each name has lost the shape: torch.zeros_like(p) takes it from p.")
def scalar_zeros(params):
    return {name: p.new_zeros(()) for name, p in params.items()}


@misconception(
    "momentum_init", "torch.zeros(shape) is float32 whatever the parameter is: torch.zeros_like(p) takes p's dtype."
)
def zeros_in_single_precision(params):
    return {name: torch.zeros(p.shape, device=p.device) for name, p in params.items()}


@misconception(
    "momentum_init", "zero_() writes zeros into the caller's parameters: torch.zeros_like(p) makes new ones."
)
def parameters_zeroed(params):
    with torch.no_grad():
        return {name: p.detach().zero_() for name, p in params.items()}


@misconception("momentum_init", "A list has lost the names: a dict with the names of params is asked for.")
def list_of_zeros(params):
    return [torch.zeros_like(p) for p in params.values()]


@misconception(
    "momentum_init",
    "p * 0 requires grad where p does, and is NaN where p is infinite: torch.zeros_like(p) knows nothing of p's graph.",
)
def times_zero(params):
    return {name: p * 0 for name, p in params.items()}


@torch.no_grad()
def _moved(params, velocity, lr):
    return {name: p - lr * velocity[name] for name, p in params.items()}


@torch.no_grad()
def _velocity(grads, velocity, momentum):
    return {name: momentum * v + grads[name] for name, v in velocity.items()}


@misconception(
    "momentum_update", "The rate belongs outside the velocity: v' = momentum v + g, without lr, and p' = p - lr v'."
)
@torch.no_grad()
def rate_inside_the_velocity(params, grads, velocity, lr, momentum):
    new = {name: momentum * v + lr * grads[name] for name, v in velocity.items()}
    return {name: p - new[name] for name, p in params.items()}, new


@misconception(
    "momentum_update", "This is a running mean, with (1 - momentum) g; torch adds the whole gradient: momentum v + g."
)
@torch.no_grad()
def dampened(params, grads, velocity, lr, momentum):
    new = {name: momentum * v + (1 - momentum) * grads[name] for name, v in velocity.items()}
    return _moved(params, new, lr), new


@misconception("momentum_update", "The step is taken with the old velocity: compute v' first, then p' = p - lr v'.")
def stepped_with_the_old_velocity(params, grads, velocity, lr, momentum):
    return _moved(params, velocity, lr), _velocity(grads, velocity, momentum)


@misconception("momentum_update", "The velocity comes back as it went in: give back v', for the next step.")
def velocity_not_renewed(params, grads, velocity, lr, momentum):
    new = _velocity(grads, velocity, momentum)
    return _moved(params, new, lr), {name: v.detach().clone() for name, v in velocity.items()}


@misconception("momentum_update", "This is Nesterov's variant, which steps by g + momentum v': step by v' itself.")
def nesterov(params, grads, velocity, lr, momentum):
    new = _velocity(grads, velocity, momentum)
    return _moved(params, _velocity(grads, new, momentum), lr), new


@misconception("momentum_update", "This climbs: the velocity adds up gradients, which point uphill. p' = p - lr v'.")
def climbing(params, grads, velocity, lr, momentum):
    new = _velocity(grads, velocity, momentum)
    return _moved(params, new, -lr), new


@misconception("momentum_update", "The order is (velocity, params) here: (params, velocity) is asked for.")
def velocity_first(params, grads, velocity, lr, momentum):
    new = _velocity(grads, velocity, momentum)
    return new, _moved(params, new, lr)


@misconception("momentum_update", "The velocity is missing: a pair (params, velocity) is asked for.")
def without_velocity(params, grads, velocity, lr, momentum):
    return _moved(params, _velocity(grads, velocity, momentum), lr)


@misconception(
    "momentum_update", "The gradient is scaled down along with the velocity: v' = momentum v + g, not momentum (v + g)."
)
@torch.no_grad()
def momentum_of_both(params, grads, velocity, lr, momentum):
    new = {name: momentum * (v + grads[name]) for name, v in velocity.items()}
    return _moved(params, new, lr), new


@misconception("momentum_update", "This is plain gradient descent, with the gradient as the velocity: add momentum v.")
def no_memory(params, grads, velocity, lr, momentum):
    return _moved(params, grads, lr), {name: g.detach().clone() for name, g in grads.items()}


@misconception(
    "momentum_update", "Here the velocity points downhill, v' = momentum v - g; in torch it adds the gradient: + g."
)
@torch.no_grad()
def velocity_downhill(params, grads, velocity, lr, momentum):
    new = {name: momentum * v - grads[name] for name, v in velocity.items()}
    return {name: p + lr * new[name] for name, p in params.items()}, new


@misconception(
    "momentum_update", "The caller's velocity is written into, by mul_, add_ or +=: make a new dict of new tensors."
)
@torch.no_grad()
def velocity_in_place(params, grads, velocity, lr, momentum):
    for name, v in velocity.items():
        v.mul_(momentum).add_(grads[name])
    return _moved(params, velocity, lr), {name: v.detach() for name, v in velocity.items()}


@misconception(
    "momentum_update",
    "The results require grad where the arguments do, and the graph would grow: compute under torch.no_grad().",
)
def graph_grows(params, grads, velocity, lr, momentum):
    new = {name: momentum * v + grads[name] for name, v in velocity.items()}
    return {name: p - lr * new[name] for name, p in params.items()}, new


def _loss(module, loss_fn, x, y):
    return loss_fn(module(x).squeeze(-1), y)


@misconception(
    "module_step",
    "backward() adds to what .grad holds already: call optimizer.zero_grad() before it.",
)
def gradient_not_cleared(module, optimizer, loss_fn, x, y):
    loss = _loss(module, loss_fn, x, y)
    loss.backward()
    optimizer.step()
    return loss.item()


@misconception(
    "module_step", "Cleared only at the end, the gradient of whoever came before is added: zero_grad() comes first."
)
def cleared_at_the_end(module, optimizer, loss_fn, x, y):
    loss = _loss(module, loss_fn, x, y)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()


@misconception(
    "module_step",
    "The parameters do not move: step() must be called, after backward(), and zero_grad() not between the two.",
)
def never_moves(module, optimizer, loss_fn, x, y):
    loss = _loss(module, loss_fn, x, y)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


@misconception(
    "module_step", "step() comes before backward() here, so it goes by an old gradient or by none: backward() first."
)
def one_gradient_behind(module, optimizer, loss_fn, x, y):
    loss = _loss(module, loss_fn, x, y)
    optimizer.step()
    optimizer.zero_grad()
    loss.backward()
    return loss.item()


@misconception(
    "module_step", "[N, 1] beside [N] makes [N, N], or raises: give loss_fn the logits as [N], module(x).squeeze(-1)."
)
def column_beside_row(module, optimizer, loss_fn, x, y):
    optimizer.zero_grad()
    loss = loss_fn(module(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


@misconception(
    "module_step",
    "squeeze() takes away every dimension of size 1, the batch as well where N is 1: squeeze(-1) only one.",
)
def squeezed_away(module, optimizer, loss_fn, x, y):
    optimizer.zero_grad()
    loss = loss_fn(module(x).squeeze(), y)
    loss.backward()
    optimizer.step()
    return loss.item()


@misconception("module_step", "The loss is that of the parameters after the step: the one before it is asked for.")
def loss_once_more(module, optimizer, loss_fn, x, y):
    optimizer.zero_grad()
    _loss(module, loss_fn, x, y).backward()
    optimizer.step()
    return _loss(module, loss_fn, x, y).item()


@misconception("module_step", "The loss is a tensor here, with its graph: loss.item() is the Python float.")
def loss_as_tensor(module, optimizer, loss_fn, x, y):
    optimizer.zero_grad()
    loss = _loss(module, loss_fn, x, y)
    loss.backward()
    optimizer.step()
    return loss


@misconception("module_step", "None is given back: return loss.item(), the loss before the step.")
def nothing_returned(module, optimizer, loss_fn, x, y):
    optimizer.zero_grad()
    _loss(module, loss_fn, x, y).backward()
    optimizer.step()


@misconception("module_step", "module.eval() is for evaluation: a training step leaves the mode alone.")
def in_evaluation_mode(module, optimizer, loss_fn, x, y):
    module.eval()
    optimizer.zero_grad()
    loss = _loss(module, loss_fn, x, y)
    loss.backward()
    optimizer.step()
    return loss.item()


@misconception(
    "module_step", "This updates by hand, p - lr g, and the optimizer's momentum is not asked: call optimizer.step()."
)
def updated_by_hand(module, optimizer, loss_fn, x, y):
    optimizer.zero_grad()
    loss = _loss(module, loss_fn, x, y)
    loss.backward()
    with torch.no_grad():
        for p in module.parameters():
            p -= optimizer.param_groups[0]["lr"] * p.grad
    return loss.item()


@misconception("module_step", "loss_fn takes the logits first and the labels second.")
def labels_first(module, optimizer, loss_fn, x, y):
    optimizer.zero_grad()
    loss = loss_fn(y, module(x).squeeze(-1))
    loss.backward()
    optimizer.step()
    return loss.item()
