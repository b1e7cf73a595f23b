"""Right answers to exercise 12 in other forms, all of which the checks must pass."""

import torch
from torch.func import grad, grad_and_value, jacrev, stack_module_state, vmap

from checker.spec import alternative
from xorfunc.random import fold_in, split
from xorfunc.train import train_step


def _members(params):
    return [{name: leaf[k] for name, leaf in params.items()} for k in range(len(next(iter(params.values()))))]


def _stack(members):
    return {name: torch.stack([member[name] for member in members]) for name in members[0]}


@alternative("init_ensemble")
def loop_over_keys(key, init_fn, num_members):
    return _stack([init_fn(each) for each in split(key, num_members)])


@alternative("init_ensemble")
def numbers_folded_in(key, init_fn, num_members):
    return _stack([init_fn(fold_in(key, k)) for k in range(num_members)])


@alternative("init_ensemble")
def mapped_in_chunks(key, init_fn, num_members):
    return vmap(init_fn, chunk_size=2, randomness="different")(split(key, num_members))


@alternative("init_ensemble")
def written_into_place(key, init_fn, num_members):
    result = {}
    for k, each in enumerate(split(key, num_members)):
        for name, leaf in init_fn(each).items():
            result.setdefault(name, leaf.new_empty(num_members, *leaf.shape))[k] = leaf
    return result


@alternative("init_ensemble")
def numbers_mapped(key, init_fn, num_members):
    return vmap(lambda k: init_fn(fold_in(key, k)))(torch.arange(num_members))


@alternative("ensemble_logits")
def mapped_closure(logits_fn, params, x):
    return vmap(lambda member: logits_fn(member, x))(params)


@alternative("ensemble_logits")
def loop_over_members(logits_fn, params, x):
    return torch.stack([logits_fn(member, x) for member in _members(params)])


@alternative("ensemble_logits")
def repeated_data(logits_fn, params, x):
    num_members = len(next(iter(params.values())))
    return vmap(logits_fn)(params, x.expand(num_members, *x.shape))


@alternative("ensemble_logits")
def one_member_a_chunk(logits_fn, params, x):
    return vmap(logits_fn, in_dims=(dict.fromkeys(params, 0), None), chunk_size=1)(params, x)


@alternative("ensemble_logits")
def rows_put_together(logits_fn, params, x):
    rows = [logits_fn(member, x).unsqueeze(0) for member in _members(params)]
    return torch.cat(rows, dim=0)


@alternative("ensemble_logits")
def members_last_and_back(logits_fn, params, x):
    return vmap(logits_fn, in_dims=(0, None), out_dims=1)(params, x).T


@alternative("ensemble_step")
def loop_of_steps(loss_fn, params, x, y, lr):
    steps = [train_step(loss_fn, member, x, y, lr) for member in _members(params)]
    return _stack([member for member, _ in steps]), torch.stack([loss for _, loss in steps])


@alternative("ensemble_step")
def all_gradients_at_once(loss_fn, params, x, y, lr):
    params = {name: leaf.detach() for name, leaf in params.items()}
    grads, losses = vmap(grad_and_value(loss_fn), in_dims=(0, None, None))(params, x, y)
    return {name: leaf - lr * grads[name] for name, leaf in params.items()}, losses


@alternative("ensemble_step")
def gradient_of_the_sum(loss_fn, params, x, y, lr):
    def total(params):
        losses = vmap(loss_fn, in_dims=(0, None, None))(params, x, y)
        return losses.sum(), losses

    grads, losses = grad(total, has_aux=True)(params)
    return {name: (leaf - lr * grads[name]).detach() for name, leaf in params.items()}, losses.detach()


@alternative("ensemble_step")
def backward_on_copies(loss_fn, params, x, y, lr):
    leaves = {name: leaf.detach().clone().requires_grad_() for name, leaf in params.items()}
    losses = torch.stack([loss_fn(member, x, y) for member in _members(leaves)])
    losses.sum().backward()
    with torch.no_grad():
        stepped = {name: leaf if leaf.grad is None else leaf - lr * leaf.grad for name, leaf in leaves.items()}
    return {name: leaf.detach() for name, leaf in stepped.items()}, losses.detach()


@alternative("ensemble_step")
def optimizer_on_copies(loss_fn, params, x, y, lr):
    leaves = {name: leaf.detach().clone().requires_grad_() for name, leaf in params.items()}
    losses = vmap(loss_fn, in_dims=(0, None, None))(leaves, x, y)
    optimizer = torch.optim.SGD(leaves.values(), lr=lr)
    losses.sum().backward()
    optimizer.step()
    return {name: leaf.detach() for name, leaf in leaves.items()}, losses.detach()


@alternative("ensemble_step")
def diagonal_of_the_jacobian(loss_fn, params, x, y, lr):
    losses = vmap(loss_fn, in_dims=(0, None, None))(params, x, y).detach()
    rows = jacrev(vmap(loss_fn, in_dims=(0, None, None)))(params, x, y)
    own = {name: torch.stack([row[k] for k, row in enumerate(rows[name])]) for name in params}
    return {name: (leaf - lr * own[name]).detach() for name, leaf in params.items()}, losses


@alternative("ensemble_probability")
def mean_of_the_loop(logits_fn, params, x):
    return sum(torch.sigmoid(logits_fn(member, x)) for member in _members(params)) / len(_members(params))


@alternative("ensemble_probability")
def one_over_one_plus_exp(logits_fn, params, x):
    return (1 / (1 + torch.exp(-vmap(logits_fn, in_dims=(0, None))(params, x)))).mean(0)


@alternative("ensemble_probability")
def probabilities_mapped(logits_fn, params, x):
    return vmap(lambda member: logits_fn(member, x).sigmoid(), out_dims=-1)(params).mean(-1)


@alternative("ensemble_probability")
def in_the_log_domain(logits_fn, params, x):
    s = vmap(logits_fn, in_dims=(0, None))(params, x)
    return (torch.nn.functional.logsigmoid(s).logsumexp(0) - torch.log(torch.tensor(len(s), dtype=s.dtype))).exp()


@alternative("ensemble_probability")
def of_bernoullis(logits_fn, params, x):
    s = vmap(logits_fn, in_dims=(0, None))(params, x)
    return torch.distributions.Bernoulli(logits=s).mean.mean(dim=0)


@alternative("ensemble_probability")
def running_mean(logits_fn, params, x):
    mean = torch.zeros(())
    for k, member in enumerate(_members(params)):
        mean = mean + (torch.sigmoid(logits_fn(member, x)) - mean) / (k + 1)
    return mean


@alternative("stack_modules")
def torchs_own(modules):
    params, _ = stack_module_state(list(modules))
    return {name: leaf.detach() for name, leaf in params.items()}


@alternative("stack_modules")
def state_without_buffers(modules):
    buffers = {name for name, _ in modules[0].named_buffers()}
    states = [module.state_dict() for module in modules]
    return {name: torch.stack([state[name] for state in states]) for name in states[0] if name not in buffers}


@alternative("stack_modules")
@torch.no_grad()
def without_a_graph(modules):
    return {name: torch.stack([m.get_parameter(name) for m in modules]) for name, _ in modules[0].named_parameters()}


@alternative("stack_modules")
def gathered_by_name(modules):
    leaves = {}
    for module in modules:
        for name, leaf in module.named_parameters():
            leaves.setdefault(name, []).append(leaf.detach().unsqueeze(0))
    return {name: torch.cat(parts) for name, parts in leaves.items()}


@alternative("stack_modules")
def sorted_names(modules):
    members = [{name: leaf.data.clone() for name, leaf in sorted(m.named_parameters())} for m in modules]
    return _stack(members)
