"""Wrong answers to exercise 12 that students give, each with the sentence that helps."""

import torch
from torch.func import grad_and_value, stack_module_state, vmap

from checker.spec import misconception
from xorfunc import random
from xorfunc.random import fold_in, split


def _members(params):
    return [{name: leaf[k] for name, leaf in params.items()} for k in range(len(next(iter(params.values()))))]


def _stack(members, dim=0):
    return {name: torch.stack([member[name] for member in members], dim) for name in members[0]}


def _logits(logits_fn, params, x):
    return vmap(logits_fn, in_dims=(0, None))(params, x)


def _gradients(loss_fn, params, x, y):
    params = {name: leaf.detach() for name, leaf in params.items()}
    return vmap(grad_and_value(loss_fn), in_dims=(0, None, None))(params, x, y)


@torch.no_grad()
def _moved(params, grads, lr):
    return {name: leaf - lr * grads[name] for name, leaf in params.items()}


# init_ensemble


@misconception(
    "init_ensemble", "All members are equal: one key gives one network. Each member needs a key of its own, from split."
)
def one_key_for_all(key, init_fn, num_members):
    return _stack([init_fn(key)] * num_members)


@misconception(
    "init_ensemble", "init_fn takes one key, [2], and is given all of them, [K, 2]: map it over them, by vmap."
)
def all_keys_at_once(key, init_fn, num_members):
    return init_fn(split(key, num_members))


@misconception("init_ensemble", "All members are the first one, repeated: draw each by its own row of split(key, K).")
def first_member_repeated(key, init_fn, num_members):
    return _stack([init_fn(split(key, num_members)[0])] * num_members)


@misconception(
    "init_ensemble", "The keys are counted from 1: member 0 has key 0 of split(key, num_members), not key 1."
)
def counted_from_one(key, init_fn, num_members):
    return _stack([init_fn(fold_in(key, k + 1)) for k in range(num_members)])


@misconception(
    "init_ensemble", "The key is split in two again and again: split(key, num_members) gives all K keys in one call."
)
def split_one_by_one(key, init_fn, num_members):
    members = []
    for _ in range(num_members):
        key, subkey = split(key)
        members.append(init_fn(subkey))
    return _stack(members)


@misconception("init_ensemble", "These keys are made of the numbers 0, 1, 2, ...; your `key` is not used at all.")
def numbers_as_seeds(key, init_fn, num_members):
    return _stack([init_fn(random.key(k)) for k in range(num_members)])


@misconception("init_ensemble", "The member axis is last here; it is the first of every leaf: [K, *shape].")
def members_last(key, init_fn, num_members):
    return vmap(init_fn, out_dims=-1)(split(key, num_members))


@misconception(
    "init_ensemble", "A list of K dicts is not one ensemble: make one dict whose leaves are stacked, [K, *shape]."
)
def list_of_dicts(key, init_fn, num_members):
    return [init_fn(each) for each in split(key, num_members)]


@misconception("init_ensemble", "The members are put end to end along an axis of theirs: torch.stack makes a new axis.")
def end_to_end(key, init_fn, num_members):
    members = [init_fn(each) for each in split(key, num_members)]
    return {name: torch.cat([torch.atleast_1d(member[name]) for member in members]) for name in members[0]}


@misconception(
    "init_ensemble",
    "The parameters require grad: torch.func needs no such flag. Leave out requires_grad and Parameter.",
)
def requires_grad(key, init_fn, num_members):
    params = vmap(init_fn)(split(key, num_members))
    return {name: leaf.requires_grad_() for name, leaf in params.items()}


# ensemble_logits


@misconception(
    "ensemble_logits", "vmap maps over x too unless told otherwise, so each member sees a slice: in_dims=(0, None)."
)
def data_dealt_out(logits_fn, params, x):
    return vmap(logits_fn)(params, x)


@misconception(
    "ensemble_logits",
    "logits_fn is for one member, and here it is given all at once: map it over the members, by vmap.",
)
def all_members_at_once(logits_fn, params, x):
    return logits_fn(params, x)


@misconception("ensemble_logits", "This is [N, K]; the members come first: [K, N].")
def examples_first(logits_fn, params, x):
    return _logits(logits_fn, params, x).T


@misconception("ensemble_logits", "A list of K tensors is no tensor [K, N]: torch.stack makes one of them.")
def list_of_logits(logits_fn, params, x):
    return [logits_fn(member, x) for member in _members(params)]


@misconception("ensemble_logits", "The logits of all members stand in one row, [K * N]: stack them, [K, N].")
def logits_in_one_row(logits_fn, params, x):
    return _logits(logits_fn, params, x).reshape(-1)


@misconception("ensemble_logits", "This is the mean over the members; the logits of each member are asked for.")
def mean_of_the_logits(logits_fn, params, x):
    return _logits(logits_fn, params, x).mean(0)


@misconception("ensemble_logits", "Every row is the first member's: take the k-th slice of each leaf for member k.")
def first_member_everywhere(logits_fn, params, x):
    s = _logits(logits_fn, params, x)
    return s[:1].expand_as(s)


@misconception("ensemble_logits", "These are probabilities; logits are asked for, without the sigmoid.")
def probabilities_for_logits(logits_fn, params, x):
    return torch.sigmoid(_logits(logits_fn, params, x))


@misconception(
    "ensemble_logits",
    "The way back to params and x is cut, by detach, .data, no_grad or a new torch.tensor(...): no gradient can flow.",
)
def cut_off_logits(logits_fn, params, x):
    return _logits(logits_fn, params, x).detach()


# ensemble_step


@misconception(
    "ensemble_step",
    "The gradient of the mean over the members is K times too small: each member steps by that of its own loss.",
)
def gradient_of_the_mean(loss_fn, params, x, y, lr):
    grads, losses = _gradients(loss_fn, params, x, y)
    return _moved(params, grads, lr / len(losses)), losses


@misconception(
    "ensemble_step",
    "The gradient of the mean over the members is K times too small: take that of the sum, and detach it.",
)
def gradient_of_the_mean_in_the_graph(loss_fn, params, x, y, lr):
    grads, losses = vmap(grad_and_value(loss_fn), in_dims=(0, None, None))(params, x, y)
    return {name: leaf - lr * grads[name] / len(losses) for name, leaf in params.items()}, losses


@misconception(
    "ensemble_step", "All members move by the sum of everybody's gradients: each moves by its own, so keep the axis K."
)
def sum_of_all_gradients(loss_fn, params, x, y, lr):
    grads, losses = _gradients(loss_fn, params, x, y)
    return _moved(params, {name: leaf.sum(0) for name, leaf in grads.items()}, lr), losses


@misconception(
    "ensemble_step", "All members move by the mean of everybody's gradients: each moves by its own, so keep the axis K."
)
def mean_of_all_gradients(loss_fn, params, x, y, lr):
    grads, losses = _gradients(loss_fn, params, x, y)
    return _moved(params, {name: leaf.mean(0) for name, leaf in grads.items()}, lr), losses


@misconception("ensemble_step", "One loss for the whole ensemble: each member's own is asked for, [K].")
def mean_loss(loss_fn, params, x, y, lr):
    grads, losses = _gradients(loss_fn, params, x, y)
    return _moved(params, grads, lr), losses.mean()


@misconception("ensemble_step", "The losses are summed to one number: each member's own is asked for, [K].")
def summed_loss(loss_fn, params, x, y, lr):
    grads, losses = _gradients(loss_fn, params, x, y)
    return _moved(params, grads, lr), losses.sum()


@misconception("ensemble_step", "These are the losses after the step; those before it are asked for.")
def losses_after_the_step(loss_fn, params, x, y, lr):
    grads, _ = _gradients(loss_fn, params, x, y)
    stepped = _moved(params, grads, lr)
    return stepped, _gradients(loss_fn, stepped, x, y)[1]


@misconception("ensemble_step", "This steps uphill: the gradient is subtracted, p - lr * g.")
def uphill(loss_fn, params, x, y, lr):
    grads, losses = _gradients(loss_fn, params, x, y)
    return _moved(params, grads, -lr), losses


@misconception("ensemble_step", "The learning rate is not used: the step is lr * g.")
def without_rate(loss_fn, params, x, y, lr):
    grads, losses = _gradients(loss_fn, params, x, y)
    return _moved(params, grads, 1), losses


@misconception("ensemble_step", "The pair is the other way round: (params, losses) is asked for.")
def losses_first(loss_fn, params, x, y, lr):
    grads, losses = _gradients(loss_fn, params, x, y)
    return losses, _moved(params, grads, lr)


@misconception("ensemble_step", "These are the gradients; the parameters after the step are asked for.")
def gradients_for_parameters(loss_fn, params, x, y, lr):
    return _gradients(loss_fn, params, x, y)


@misconception(
    "ensemble_step",
    "vmap maps over x and y too unless told otherwise, so each member sees a slice: in_dims=(0, None, None).",
)
def batch_dealt_out(loss_fn, params, x, y, lr):
    params = {name: leaf.detach() for name, leaf in params.items()}
    grads, losses = vmap(grad_and_value(loss_fn))(params, x, y)
    return _moved(params, grads, lr), losses


@misconception(
    "ensemble_step", "The caller's params have changed: `p -= ...` works in place. Make a new dict of new tensors."
)
def in_place(loss_fn, params, x, y, lr):
    grads, losses = _gradients(loss_fn, params, x, y)
    with torch.no_grad():
        for name, leaf in params.items():
            leaf -= lr * grads[name]
    return {name: leaf.detach() for name, leaf in params.items()}, losses


@misconception(
    "ensemble_step",
    "The result requires grad where params do, so the graph grows with every step: detach it, or step under no_grad.",
)
def keeps_the_graph(loss_fn, params, x, y, lr):
    grads, losses = vmap(grad_and_value(loss_fn), in_dims=(0, None, None))(params, x, y)
    return {name: leaf - lr * grads[name] for name, leaf in params.items()}, losses


@misconception(
    "ensemble_step",
    "autograd.grad refuses where the loss ignores a parameter: torch.func.grad gives zeros, and the parameter stays.",
)
def every_parameter_expected(loss_fn, params, x, y, lr):
    leaves = {name: leaf.detach().clone().requires_grad_() for name, leaf in params.items()}
    losses = torch.stack([loss_fn(member, x, y) for member in _members(leaves)])
    grads = dict(zip(leaves, torch.autograd.grad(losses.sum(), list(leaves.values())), strict=True))
    return {name: leaf.detach() for name, leaf in _moved(leaves, grads, lr).items()}, losses.detach()


@misconception(
    "ensemble_step", "A parameter that the loss ignores is gone: it stays as it is, so it belongs in the result too."
)
def ignored_parameters_dropped(loss_fn, params, x, y, lr):
    grads, losses = _gradients(loss_fn, params, x, y)
    return {name: leaf for name, leaf in _moved(params, grads, lr).items() if bool(grads[name].any())}, losses


# ensemble_probability


@misconception(
    "ensemble_probability",
    "The mean of the logits is taken first, where one loud member outvotes all: sigmoid first, then the mean.",
)
def sigmoid_of_the_mean(logits_fn, params, x):
    return torch.sigmoid(_logits(logits_fn, params, x).mean(0))


@misconception("ensemble_probability", "This is the mean over the examples, [K]; the members are axis 0, so dim=0.")
def mean_over_the_examples(logits_fn, params, x):
    return torch.sigmoid(_logits(logits_fn, params, x)).mean(1)


@misconception("ensemble_probability", "This is [K, N], every member's own: take the mean over the members, dim=0.")
def not_averaged(logits_fn, params, x):
    return torch.sigmoid(_logits(logits_fn, params, x))


@misconception("ensemble_probability", "The mean is over members and examples together; each example has its own, [N].")
def mean_of_everything(logits_fn, params, x):
    return torch.sigmoid(_logits(logits_fn, params, x)).mean()


@misconception("ensemble_probability", "Probabilities are summed here: divide by the number of members, K.")
def summed(logits_fn, params, x):
    return torch.sigmoid(_logits(logits_fn, params, x)).sum(0)


@misconception("ensemble_probability", "The sum is divided by N, the examples; the mean is over the K members.")
def divided_by_the_examples(logits_fn, params, x):
    return torch.sigmoid(_logits(logits_fn, params, x)).sum(0) / len(x)


@misconception(
    "ensemble_probability",
    "This counts the members that vote for 1; how sure each of them is, its probability, is to be averaged.",
)
def majority_vote(logits_fn, params, x):
    return (_logits(logits_fn, params, x) >= 0).to(x.dtype).mean(0)


@misconception("ensemble_probability", "These are mean logits, not probabilities: the sigmoid is missing.")
def mean_logit(logits_fn, params, x):
    return _logits(logits_fn, params, x).mean(0)


@misconception(
    "ensemble_probability",
    "Here the parameters are averaged: that is one network, which no member is. Average the probabilities.",
)
def mean_network(logits_fn, params, x):
    return torch.sigmoid(logits_fn({name: leaf.mean(0) for name, leaf in params.items()}, x))


@misconception("ensemble_probability", "The members' probabilities are multiplied; their mean is asked for.")
def product_of_probabilities(logits_fn, params, x):
    return torch.sigmoid(_logits(logits_fn, params, x)).prod(0)


@misconception("ensemble_probability", "This is P(Y=0): the sigmoid of s is P(Y=1), that of -s is P(Y=0).")
def probability_of_zero(logits_fn, params, x):
    return torch.sigmoid(-_logits(logits_fn, params, x)).mean(0)


@misconception(
    "ensemble_probability",
    "The way back to params and x is cut, by detach, .data, no_grad or a new torch.tensor(...): no gradient can flow.",
)
def cut_off_probability(logits_fn, params, x):
    return torch.sigmoid(_logits(logits_fn, params, x)).mean(0).detach()


# stack_modules


@misconception("stack_modules", "stack_module_state gives a pair, (params, buffers): only the first is asked for.")
def parameters_and_buffers(modules):
    return stack_module_state(modules)


@misconception(
    "stack_modules",
    "The leaves require grad, as those of stack_module_state and of a stack of parameters do: detach them.",
)
def stack_in_the_graph(modules):
    return stack_module_state(modules)[0]


@misconception("stack_modules", "state_dict() holds the buffers too; named_parameters() has the parameters alone.")
def whole_state(modules):
    return _stack([module.state_dict() for module in modules])


@misconception("stack_modules", "Frozen parameters are left out here; they are parameters as well.")
def trainable_only(modules):
    return _stack([{n: p.detach() for n, p in m.named_parameters() if p.requires_grad} for m in modules])


@misconception("stack_modules", "Only the module's own parameters are here: recurse=False leaves out those inside it.")
def without_what_is_inside(modules):
    return _stack([{n: p.detach() for n, p in m.named_parameters(recurse=False)} for m in modules])


@misconception("stack_modules", "The names are shortened to their last part; they are those of named_parameters.")
def short_names(modules):
    return _stack([{n.rpartition(".")[2]: p.detach() for n, p in m.named_parameters()} for m in modules])


@misconception("stack_modules", "The names are lost: parameters() has none, named_parameters() has them.")
def without_names(modules):
    return [torch.stack(leaves).detach() for leaves in zip(*(m.parameters() for m in modules), strict=True)]


@misconception("stack_modules", "The member axis is last here; it is the first of every leaf: [K, *shape].")
def modules_last(modules):
    return _stack([{n: p.detach() for n, p in m.named_parameters()} for m in modules], dim=-1)


@misconception("stack_modules", "A list of K dicts is not one ensemble: make one dict of stacked leaves, [K, *shape].")
def dict_of_each(modules):
    return [{n: p.detach().clone() for n, p in m.named_parameters()} for m in modules]


@misconception("stack_modules", "The first module stands in every place: stack the leaves of all K.")
def first_module_everywhere(modules):
    return _stack([{n: p.detach() for n, p in modules[0].named_parameters()} for _ in modules])


@misconception(
    "stack_modules", "The modules can't be trained any more: requires_grad_(False) freezes the caller's. Use detach()."
)
def freezes_the_modules(modules):
    return _stack([dict(module.requires_grad_(False).named_parameters()) for module in modules])


@misconception("stack_modules", "The modules are left in another mode than they were in: eval() is not needed here.")
def switched_to_eval(modules):
    return _stack([{n: p.detach() for n, p in m.eval().named_parameters()} for m in modules])


@misconception(
    "stack_modules", "The modules have lost their own parameters to the ensemble's memory: copy, and leave them alone."
)
def modules_tied_to_the_result(modules):
    params = _stack([{n: p.detach() for n, p in m.named_parameters()} for m in modules])
    for k, module in enumerate(modules):
        for name, leaf in module.named_parameters():
            leaf.data = params[name][k]
    return params
