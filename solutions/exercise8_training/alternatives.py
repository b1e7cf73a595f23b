"""Right answers to exercise 8 in other forms, all of which the checks must pass."""

import functools

import torch
from torch.func import grad_and_value

from checker.spec import alternative
from xorfunc.data import minibatches
from xorfunc.optim import apply_updates, sgd, sgd_update
from xorfunc.random import fold_in, permutation, split
from xorfunc.train import optimizer_step, train_step


@alternative("train_epoch")
def folded(loss_fn, params, batches, lr):
    def step(carry, batch):
        params, losses = carry
        params, loss = train_step(loss_fn, params, *batch, lr)
        return params, (*losses, loss)

    params, losses = functools.reduce(step, batches, (params, ()))
    return params, torch.stack(losses)


@alternative("train_epoch")
def written_out(loss_fn, params, batches, lr):
    params = {name: p.detach() for name, p in params.items()}
    losses = []
    for x, y in batches:
        grads, loss = grad_and_value(loss_fn)(params, x, y)
        params = {name: p - lr * grads[name] for name, p in params.items()}
        losses.append(loss.reshape(1))
    return params, torch.cat(losses)


@alternative("train_epoch")
def one_optimizer_inside(loss_fn, params, batches, lr):
    leaves = {name: p.detach().clone().requires_grad_() for name, p in params.items()}
    optimizer = torch.optim.SGD(list(leaves.values()), lr=lr)
    losses = [step_inside(loss_fn, leaves, optimizer, x, y) for x, y in batches]
    return {name: leaf.detach() for name, leaf in leaves.items()}, torch.stack(losses)


def step_inside(loss_fn, leaves, optimizer, x, y):
    optimizer.zero_grad()
    loss = loss_fn(leaves, x, y)
    loss.backward()
    optimizer.step()
    return loss.detach()


@alternative("train_epoch")
def filled_in(loss_fn, params, batches, lr):
    dtype = next(iter(params.values())).dtype
    losses = torch.empty(len(batches), dtype=dtype, device=batches[0][0].device)
    for place, (x, y) in enumerate(batches):
        params, losses[place] = train_step(loss_fn, params, x, y, lr)
    return params, losses


@alternative("train_epoch")
def numbers_in_the_right_dtype(loss_fn, params, batches, lr):
    numbers = []
    for x, y in batches:
        params, loss = train_step(loss_fn, params, x, y, lr)
        numbers.append(loss.item())
    return params, torch.tensor(numbers, dtype=loss.dtype, device=loss.device)


@alternative("train_epoch")
def recursive(loss_fn, params, batches, lr):
    (x, y), *rest = batches
    params, loss = train_step(loss_fn, params, x, y, lr)
    if not rest:
        return params, loss[None]
    params, losses = recursive(loss_fn, params, rest, lr)
    return params, torch.cat([loss[None], losses])


@alternative("fit")
def keys_by_split(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    losses = []
    for epoch_key in split(key, num_epochs):  # key e of a split is fold_in(key, e)
        each = []
        for x_batch, y_batch in minibatches(epoch_key, x, y, batch_size):
            params, loss = train_step(loss_fn, params, x_batch, y_batch, lr)
            each.append(loss.expand(len(x_batch)))
        losses.append(torch.cat(each).mean())
    return params, torch.stack(losses)


@alternative("fit")
def one_running_total(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    losses = []
    for epoch in range(num_epochs):
        total = 0
        order = permutation(fold_in(key, epoch), len(x))
        for place in range(0, len(x), batch_size):
            chosen = order[place : place + batch_size]
            params, loss = train_step(loss_fn, params, x[chosen], y[chosen], lr)
            total = total + loss * len(chosen)
        losses.append(total / len(order))
    return params, torch.stack(losses)


@alternative("fit")
def weighted_by_a_dot_product(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    losses = x.new_empty(num_epochs)
    for epoch in range(num_epochs):
        order = permutation(fold_in(key, epoch), torch.arange(len(x), device=x.device))
        batches = list(zip(x[order].split(batch_size), y[order].split(batch_size), strict=True))
        step_losses, sizes = [], x.new_tensor([len(x_batch) for x_batch, _ in batches])
        for x_batch, y_batch in batches:
            params, loss = train_step(loss_fn, params, x_batch, y_batch, lr)
            step_losses.append(loss)
        losses[epoch] = torch.stack(step_losses) @ (sizes / sizes.sum())
    return params, losses


@alternative("fit")
def each_example_its_loss(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    optimizer, losses = sgd(lr), []
    for epoch in range(num_epochs):
        each = []
        order = permutation(fold_in(key, epoch), len(x)).tolist()
        while order:
            chosen, order = order[:batch_size], order[batch_size:]
            params, _, loss = optimizer_step(loss_fn, optimizer, params, (), x[chosen], y[chosen])
            each += [loss] * len(chosen)
        losses.append(torch.stack(each).mean())
    return params, torch.stack(losses)


@alternative("fit")
def all_steps_in_one_loop(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    params = {name: p.detach() for name, p in params.items()}
    sums = [torch.zeros((), dtype=next(iter(params.values())).dtype, device=x.device) for _ in range(num_epochs)]
    orders = [permutation(fold_in(key, epoch), len(x)) for epoch in range(num_epochs)]
    steps = [(e, order[i : i + batch_size]) for e, order in enumerate(orders) for i in range(0, len(x), batch_size)]
    for epoch, chosen in steps:
        grads, loss = grad_and_value(loss_fn)(params, x[chosen], y[chosen])
        params = sgd_update(params, grads, lr)
        sums[epoch] += loss * (len(chosen) / len(x))
    return params, torch.stack(sums)


@alternative("fit")
def optimizer_for_all_epochs(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    leaves = {name: p.detach().clone().requires_grad_() for name, p in params.items()}
    optimizer = torch.optim.SGD(list(leaves.values()), lr=lr)
    losses = []
    for epoch in range(num_epochs):
        order, total = permutation(fold_in(key, epoch), len(x)), 0.0
        for chosen in order.split(batch_size):
            loss = step_inside(loss_fn, leaves, optimizer, x[chosen], y[chosen])
            total += loss.item() * len(chosen)
        losses.append(total / len(x))
    return {name: leaf.detach() for name, leaf in leaves.items()}, torch.tensor(
        losses, dtype=loss.dtype, device=loss.device
    )


@alternative("fit")
@torch.no_grad()
def updates_applied(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    losses = []
    for epoch in range(num_epochs):
        order, weighted = permutation(fold_in(key, epoch), len(x)), []
        for chosen in torch.split(order, batch_size):
            grads, loss = grad_and_value(loss_fn)(params, x[chosen], y[chosen])
            params = apply_updates(params, {name: -lr * g for name, g in grads.items()})
            weighted.append(len(chosen) * loss)
        losses.append(sum(weighted) / len(x))
    return params, torch.stack(losses)


@alternative("train_module")
def five_steps_written_out(module, optimizer, loss_fn, batches, num_epochs):
    losses = []
    num_examples = sum(len(y) for _, y in batches)
    for _ in range(num_epochs):
        module.train(True)
        total = 0.0
        for x, y in batches:
            loss = loss_fn(module(x)[:, 0], y)
            module.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
        losses.append(total / num_examples)
    return losses


@alternative("train_module")
def evaluation_mode_in_the_end(module, optimizer, loss_fn, batches, num_epochs):
    module.train()
    losses = []
    for _ in range(num_epochs):
        each = []
        for x, y in batches:
            optimizer.zero_grad(set_to_none=False)
            loss = loss_fn(module(x).flatten(), y)
            loss.backward()
            optimizer.step()
            each += [float(loss.detach())] * x.shape[0]
        losses.append(sum(each) / len(each))
    module.eval()
    optimizer.zero_grad()
    return losses


@alternative("train_module")
def mode_put_back(module, optimizer, loss_fn, batches, num_epochs):
    before = module.training
    module.train()
    steps = [step_with_a_closure(module, optimizer, loss_fn, x, y) for _ in range(num_epochs) for x, y in batches]
    module.train(before)
    sizes = torch.tensor([float(len(x)) for x, _ in batches], dtype=torch.float64)
    table = torch.tensor(steps, dtype=torch.float64).reshape(num_epochs, len(batches))
    return (table @ (sizes / sizes.sum())).tolist()


def step_with_a_closure(module, optimizer, loss_fn, x, y):
    def evaluate():
        optimizer.zero_grad()
        loss = loss_fn(module(x).squeeze(1), y)
        loss.backward()
        return loss

    return optimizer.step(evaluate).item()


@alternative("train_module")
def tensors_until_the_end(module, optimizer, loss_fn, batches, num_epochs):
    module.train()
    losses = []
    for _ in range(num_epochs):
        total, count = 0, 0
        for x, y in batches:
            optimizer.zero_grad()
            loss = loss_fn(module(x).view(-1), y)
            loss.backward()
            optimizer.step()
            total, count = total + loss.detach() * len(x), count + len(x)
        losses.append((total / count).item())
    return losses
