"""Right answers to exercise 7 in other forms, all of which the checks must pass."""

import torch
from torch.func import grad, vjp

from checker.spec import alternative, equivalent


@alternative("sgd_update")
def operators_in_a_loop(params, grads, lr):
    new = {}
    for name in sorted(params):
        new[name] = params[name].detach() - grads[name].detach() * lr
    return new


@alternative("sgd_update")
def copy_then_in_place(params, grads, lr):
    new = {name: p.detach().clone() for name, p in params.items()}
    for name, g in grads.items():
        new[name].sub_(g.detach(), alpha=lr)
    return new


@alternative("sgd_update")
def through_torch_optim(params, grads, lr):
    leaves = {name: torch.nn.Parameter(p.detach().clone()) for name, p in params.items()}
    for name, leaf in leaves.items():
        leaf.grad = grads[name].detach().clone()
    torch.optim.SGD(list(leaves.values()), lr=lr).step()
    return {name: leaf.detach() for name, leaf in leaves.items()}


@alternative("sgd_update")
@torch.no_grad()
def added_with_a_sign(params, grads, lr):
    return dict(zip(params, [torch.add(params[name], grads[name], alpha=-lr) for name in params], strict=True))


@alternative("train_step")
def two_passes(loss_fn, params, x, y, lr):
    params = {name: p.detach() for name, p in params.items()}
    grads = grad(loss_fn)(params, x, y)
    return {name: p - lr * grads[name] for name, p in params.items()}, loss_fn(params, x, y)


@alternative("train_step")
def backward_on_leaves(loss_fn, params, x, y, lr):
    leaves = {name: p.detach().clone().requires_grad_() for name, p in params.items()}
    loss = loss_fn(leaves, x, y)
    loss.backward()
    with torch.no_grad():
        new = {name: p if p.grad is None else p - lr * p.grad for name, p in leaves.items()}
    return {name: p.detach() for name, p in new.items()}, loss.detach()


@alternative("train_step")
def autograd_grad(loss_fn, params, x, y, lr):
    leaves = [p.detach().requires_grad_() for p in params.values()]
    loss = loss_fn(dict(zip(params, leaves, strict=True)), x, y)
    grads = torch.autograd.grad(loss, leaves, allow_unused=True, materialize_grads=True)
    stepped = zip(params, leaves, grads, strict=True)
    return {name: (p - lr * g).detach() for name, p, g in stepped}, loss.detach()


@alternative("train_step")
def optimizer_inside(loss_fn, params, x, y, lr):
    leaves = torch.nn.ParameterDict({name.replace(".", "/"): p.detach().clone() for name, p in params.items()})
    optimizer = torch.optim.SGD(leaves.parameters(), lr=lr)
    loss = loss_fn({name: leaves[name.replace(".", "/")] for name in params}, x, y)
    loss.backward()
    optimizer.step()
    return {name: leaves[name.replace(".", "/")].data for name in params}, loss.data


@alternative("train_step")
@torch.no_grad()
def pulled_back(loss_fn, params, x, y, lr):
    loss, pull = vjp(lambda params: loss_fn(params, x, y), params)
    (grads,) = pull(torch.ones_like(loss))
    return {name: torch.sub(p, grads[name], alpha=lr) for name, p in params.items()}, loss.clone()


@alternative("momentum_init")
def zeros_of_the_shape(params):
    return {name: torch.zeros(p.shape, dtype=p.dtype, device=p.device) for name, p in params.items()}


@alternative("momentum_init")
def new_zeros(params):
    return {name: p.new_zeros(p.size()) for name, p in sorted(params.items())}


@alternative("momentum_init")
def full_of_zeros(params):
    return dict(zip(params, (torch.full_like(p, 0.0) for p in params.values()), strict=True))


@alternative("momentum_update")
@torch.no_grad()
def entry_by_entry(params, grads, velocity, lr, momentum):
    new_params, new_velocity = {}, {}
    for name in params:
        new_velocity[name] = grads[name] + velocity[name] * momentum
        new_params[name] = params[name] - new_velocity[name] * lr
    return new_params, new_velocity


@alternative("momentum_update")
def in_place_on_copies(params, grads, velocity, lr, momentum):
    velocity = {name: v.detach().clone().mul_(momentum).add_(grads[name].detach()) for name, v in velocity.items()}
    return {name: p.detach().clone().sub_(velocity[name], alpha=lr) for name, p in params.items()}, velocity


@alternative("momentum_update")
def step_written_out(params, grads, velocity, lr, momentum):
    with torch.no_grad():
        steps = {name: lr * grads[name] + lr * momentum * velocity[name] for name in grads}
        return {name: p - steps[name] for name, p in params.items()}, {
            name: torch.add(grads[name], velocity[name], alpha=momentum) for name in velocity
        }


@alternative("momentum_update")
def as_torch_optim_has_it(params, grads, velocity, lr, momentum):
    leaves = {name: torch.nn.Parameter(p.detach().clone()) for name, p in params.items()}
    optimizer = torch.optim.SGD(list(leaves.values()), lr=lr, momentum=momentum)
    for name, leaf in leaves.items():
        leaf.grad = grads[name].detach().clone()
        optimizer.state[leaf]["momentum_buffer"] = velocity[name].detach().clone()
    optimizer.step()
    new_velocity = {name: optimizer.state[leaf]["momentum_buffer"] for name, leaf in leaves.items()}
    return {name: leaf.detach() for name, leaf in leaves.items()}, new_velocity


@alternative("module_step")
def cleared_by_the_module(module, optimizer, loss_fn, x, y):
    module.zero_grad()
    loss = loss_fn(module(x)[:, 0], y)
    loss.backward()
    optimizer.step()
    return float(loss.detach())


@alternative("module_step")
def cleared_just_in_time(module, optimizer, loss_fn, x, y):
    loss = loss_fn(module(x).flatten(), y)
    for group in optimizer.param_groups:
        for p in group["params"]:
            p.grad = None
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.detach().cpu().numpy().item()


@alternative("module_step")
def closure(module, optimizer, loss_fn, x, y):
    def evaluate():
        optimizer.zero_grad(set_to_none=False)
        loss = loss_fn(module(x).view(-1), y)
        loss.backward()
        return loss

    return optimizer.step(evaluate).item()


@alternative("module_step")
def gradients_set_by_hand(module, optimizer, loss_fn, x, y):
    parameters = list(module.parameters())
    loss = loss_fn(module.forward(x).reshape(len(x)), y)
    for p, g in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        p.grad = g
    optimizer.step()
    return loss.tolist()


@alternative("module_step")
def functional_gradient(module, optimizer, loss_fn, x, y):
    params = {name: p.detach() for name, p in module.named_parameters()}

    def loss_of(params):
        return loss_fn(torch.func.functional_call(module, params, (x,)).squeeze(1), y)

    grads, loss = torch.func.grad_and_value(loss_of)(params)
    for name, p in module.named_parameters():
        p.grad = grads[name]
    optimizer.step()
    return loss.item()


equivalent(
    "module_step",
    "s = module(x).squeeze(-1) -> s = module(x).squeeze(1)",
    "the logits are [N, 1]: the last dimension is the second.",
)

equivalent("momentum_init", "zeros", "a velocity at rest is nothing but zeros")
