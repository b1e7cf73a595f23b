"""Wrong answers to exercise 8 that students give, each with the sentence that helps."""

import torch
from torch.func import grad_and_value

from checker.spec import misconception
from xorfunc.data import minibatches
from xorfunc.random import fold_in
from xorfunc.train import module_step, train_step


def _epoch(loss_fn, params, batches, lr):
    losses = []
    for x, y in batches:
        params, loss = train_step(loss_fn, params, x, y, lr)
        losses.append(loss)
    return params, torch.stack(losses)


@misconception(
    "train_epoch", "Every batch starts from the first parameters: hand on those that the step before has given."
)
def updates_not_carried_on(loss_fn, params, batches, lr):
    steps = [train_step(loss_fn, params, x, y, lr) for x, y in batches]
    return steps[-1][0], torch.stack([loss for _, loss in steps])


@misconception("train_epoch", "The losses are those after each step: train_step gives the one before, which is wanted.")
def losses_after_the_steps(loss_fn, params, batches, lr):
    losses = []
    for x, y in batches:
        params, _ = train_step(loss_fn, params, x, y, lr)
        losses.append(loss_fn(params, x, y).detach())
    return params, torch.stack(losses)


@misconception("train_epoch", "The losses are a list here: torch.stack makes one tensor of it, [num_batches].")
def list_of_losses(loss_fn, params, batches, lr):
    params, losses = _epoch(loss_fn, params, batches, lr)
    return params, list(losses)


@misconception(
    "train_epoch",
    "torch.tensor(...) of Python floats is float32, whatever the losses were: torch.stack keeps their dtype.",
)
def losses_in_single_precision(loss_fn, params, batches, lr):
    params, losses = _epoch(loss_fn, params, batches, lr)
    return params, torch.tensor(losses.tolist())


@misconception("train_epoch", "This is one loss for all of the epoch: each batch's own is asked for, [num_batches].")
def mean_of_the_losses(loss_fn, params, batches, lr):
    params, losses = _epoch(loss_fn, params, batches, lr)
    return params, losses.mean()


@misconception("train_epoch", "Only the last batch's loss is given back: collect the loss of each batch.")
def last_loss(loss_fn, params, batches, lr):
    params, losses = _epoch(loss_fn, params, batches, lr)
    return params, losses[-1]


@misconception("train_epoch", "Only the first batch is used: `return` stands inside the loop.")
def returned_inside_the_loop(loss_fn, params, batches, lr):
    return _epoch(loss_fn, params, batches[:1], lr)


@misconception("train_epoch", "The order is (losses, params) here: (params, losses) is asked for.")
def losses_first(loss_fn, params, batches, lr):
    return _epoch(loss_fn, params, batches, lr)[::-1]


@misconception("train_epoch", "The parameters given back are those from before the epoch: the trained ones are wanted.")
def untrained_parameters(loss_fn, params, batches, lr):
    return {name: p.detach() for name, p in params.items()}, _epoch(loss_fn, params, batches, lr)[1]


@misconception("train_epoch", "This climbs: a step goes against the gradient, p - lr * g.")
def steps_uphill(loss_fn, params, batches, lr):
    losses = []
    for x, y in batches:
        grads, loss = grad_and_value(loss_fn)({name: p.detach() for name, p in params.items()}, x, y)
        params = {name: p.detach() + lr * grads[name] for name, p in params.items()}
        losses.append(loss)
    return params, torch.stack(losses)


@misconception(
    "train_epoch", "All batches' gradients are taken at the first parameters, for one large step at the end."
)
def one_step_for_all(loss_fn, params, batches, lr):
    start = {name: p.detach() for name, p in params.items()}
    new, losses = start, []
    for x, y in batches:
        grads, loss = grad_and_value(loss_fn)(start, x, y)
        new = {name: p - lr * grads[name] for name, p in new.items()}
        losses.append(loss)
    return new, torch.stack(losses)


@misconception(
    "train_epoch",
    "The caller's params change here: rebind the name to new ones, and write into neither the dict nor its tensors.",
)
def tensors_written_into(loss_fn, params, batches, lr):
    new, losses = _epoch(loss_fn, params, batches, lr)
    for name, p in params.items():
        p.data.copy_(new[name])
    return {name: p.detach() for name, p in params.items()}, losses


@misconception(
    "train_epoch",
    "What comes back requires grad where params do, so a graph grows from step to step: detach, or use train_step.",
)
def graph_grows(loss_fn, params, batches, lr):
    losses = []
    for x, y in batches:
        grads, loss = grad_and_value(loss_fn)(params, x, y)
        params = {name: p - lr * grads[name] for name, p in params.items()}
        losses.append(loss)
    return params, torch.stack(losses)


def _mean(batches, losses):
    sizes = losses.new_tensor([len(x) for x, _ in batches])
    return (sizes * losses).sum() / sizes.sum()


def _fit(loss_fn, params, epochs, lr, loss_of_an_epoch=_mean):
    losses = []
    for batches in epochs:
        params, batch_losses = _epoch(loss_fn, params, batches, lr)
        losses.append(loss_of_an_epoch(batches, batch_losses))
    return params, torch.stack(losses)


def _epochs(key, x, y, num_epochs, batch_size):
    return [minibatches(fold_in(key, epoch), x, y, batch_size) for epoch in range(num_epochs)]


@misconception(
    "fit", "Every epoch has the same order of examples: fold_in(key, epoch) gives each epoch a key of its own."
)
def same_order_each_epoch(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    return _fit(loss_fn, params, [minibatches(key, x, y, batch_size)] * num_epochs, lr)


@misconception("fit", "The batches of epoch 0 are used in every epoch: make them anew inside the loop.")
def batches_of_epoch_zero(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    return _fit(loss_fn, params, _epochs(key, x, y, 1, batch_size) * num_epochs, lr)


@misconception("fit", "The epochs count from 1 here: the first one's key is fold_in(key, 0).")
def counted_from_one(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    return _fit(loss_fn, params, _epochs(key, x, y, num_epochs + 1, batch_size)[1:], lr)


@misconception("fit", "`key = fold_in(key, e)` folds into a key that has been folded into: keep the first one for all.")
def folded_again_and_again(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    epochs = []
    for epoch in range(num_epochs):
        key = fold_in(key, epoch)
        epochs.append(minibatches(key, x, y, batch_size))
    return _fit(loss_fn, params, epochs, lr)


@misconception(
    "fit", "The examples come in their given order: take the batches from minibatches(fold_in(key, e), ...)."
)
def not_shuffled(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    batches = list(zip(x.split(batch_size), y.split(batch_size), strict=True))
    return _fit(loss_fn, params, [batches] * num_epochs, lr)


@misconception("fit", "The short last batch is left out: drop_last stays False, and every example counts.")
def last_batch_dropped(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    epochs = [minibatches(fold_in(key, e), x, y, batch_size, drop_last=True) for e in range(num_epochs)]
    return _fit(loss_fn, params, epochs, lr)


@misconception(
    "fit", "A mean of the batches' losses counts the examples of a short batch for more: weigh each by its size."
)
def mean_of_batch_means(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    return _fit(loss_fn, params, _epochs(key, x, y, num_epochs, batch_size), lr, lambda _, losses: losses.mean())


@misconception("fit", "The loss of an epoch is a sum here: divide by len(x), the number of examples.")
def sum_over_the_examples(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    params, losses = _fit(loss_fn, params, _epochs(key, x, y, num_epochs, batch_size), lr)
    return params, losses * len(x)


@misconception("fit", "The batches' losses are added up: weigh each by its size, and divide by len(x).")
def sum_over_the_batches(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    return _fit(loss_fn, params, _epochs(key, x, y, num_epochs, batch_size), lr, lambda _, losses: losses.sum())


@misconception("fit", "Only the last batch speaks for its epoch: the mean over all of its examples is asked for.")
def last_batch_only(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    return _fit(loss_fn, params, _epochs(key, x, y, num_epochs, batch_size), lr, lambda _, losses: losses[-1])


@misconception("fit", "The loss is that of the parameters after the epoch: it is that before each step, averaged.")
def loss_after_the_epoch(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    losses = []
    for batches in _epochs(key, x, y, num_epochs, batch_size):
        params, _ = _epoch(loss_fn, params, batches, lr)
        losses.append(loss_fn(params, x, y).detach())
    return params, torch.stack(losses)


@misconception(
    "fit", "The loss is that of the parameters before the epoch: those of each step go in, as they change on the way."
)
def loss_before_the_epoch(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    losses = []
    for batches in _epochs(key, x, y, num_epochs, batch_size):
        losses.append(loss_fn(params, x, y).detach())
        params, _ = _epoch(loss_fn, params, batches, lr)
    return params, torch.stack(losses)


@misconception("fit", "Every epoch starts from the first parameters: hand on those that the epoch before has given.")
def each_epoch_from_the_start(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    epochs = [_epoch(loss_fn, params, batches, lr) for batches in _epochs(key, x, y, num_epochs, batch_size)]
    means = zip(_epochs(key, x, y, num_epochs, batch_size), epochs, strict=True)
    return epochs[-1][0], torch.stack([_mean(batches, losses) for batches, (_, losses) in means])


@misconception("fit", "The total goes on from epoch to epoch: start it anew in each.")
def total_never_reset(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    params, losses = _fit(loss_fn, params, _epochs(key, x, y, num_epochs, batch_size), lr)
    return params, losses.cumsum(0)


@misconception("fit", "The losses are one a batch: one an epoch is asked for, [num_epochs].")
def losses_of_all_batches(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    all_losses = []
    for batches in _epochs(key, x, y, num_epochs, batch_size):
        params, losses = _epoch(loss_fn, params, batches, lr)
        all_losses.append(losses)
    return params, torch.cat(all_losses)


@misconception("fit", "The losses are a list here: torch.stack makes one tensor of it, [num_epochs].")
def losses_as_list(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    params, losses = _fit(loss_fn, params, _epochs(key, x, y, num_epochs, batch_size), lr)
    return params, list(losses)


@misconception(
    "fit", "torch.tensor(...) of Python floats is float32, whatever the losses were: torch.stack keeps their dtype."
)
def float_losses(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    params, losses = _fit(loss_fn, params, _epochs(key, x, y, num_epochs, batch_size), lr)
    return params, torch.tensor(losses.tolist())


@misconception("fit", "The order is (losses, params) here: (params, losses) is asked for.")
def losses_before_params(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    return _fit(loss_fn, params, _epochs(key, x, y, num_epochs, batch_size), lr)[::-1]


@misconception(
    "fit", "The caller's parameters change here: hand new ones from step to step, and leave the first alone."
)
def callers_parameters_trained(key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    new, losses = _fit(loss_fn, params, _epochs(key, x, y, num_epochs, batch_size), lr)
    for name, p in params.items():
        p.data.copy_(new[name])
    return {name: p.detach() for name, p in params.items()}, losses


def _train(module, optimizer, loss_fn, batches, num_epochs, step=module_step):
    """Give the loss of each batch of each epoch."""
    return [[step(module, optimizer, loss_fn, x, y) for x, y in batches] for _ in range(num_epochs)]


def _means(batches, table):
    sizes = [len(x) for x, _ in batches]
    weighted = ([size * loss for size, loss in zip(sizes, row, strict=True)] for row in table)
    return [sum(row) / sum(sizes) for row in weighted]


@misconception("train_module", "A module that comes in evaluation mode stays in it: call module.train() first.")
def mode_left_as_it_was(module, optimizer, loss_fn, batches, num_epochs):
    return _means(batches, _train(module, optimizer, loss_fn, batches, num_epochs))


@misconception("train_module", "module.eval() is for evaluation: call module.train() before you train.")
def trained_in_evaluation_mode(module, optimizer, loss_fn, batches, num_epochs):
    module.eval()
    return _means(batches, _train(module, optimizer, loss_fn, batches, num_epochs))


def _without_clearing(module, optimizer, loss_fn, x, y):
    loss = loss_fn(module(x).squeeze(-1), y)
    loss.backward()
    optimizer.step()
    return loss.item()


@misconception("train_module", "Gradients add up from batch to batch: optimizer.zero_grad() comes before backward().")
def gradients_add_up(module, optimizer, loss_fn, batches, num_epochs):
    module.train()
    return _means(batches, _train(module, optimizer, loss_fn, batches, num_epochs, _without_clearing))


@misconception(
    "train_module", "The gradient is cleared once an epoch, and adds up from batch to batch: clear it for each batch."
)
def cleared_once_an_epoch(module, optimizer, loss_fn, batches, num_epochs):
    module.train()
    table = []
    for _ in range(num_epochs):
        optimizer.zero_grad()
        table += _train(module, optimizer, loss_fn, batches, 1, _without_clearing)
    return _means(batches, table)


@misconception(
    "train_module",
    "Cleared only after each step, the gradient of whoever came before is added: zero_grad() goes first.",
)
def cleared_after_the_step(module, optimizer, loss_fn, batches, num_epochs):
    def step(*arguments):
        loss = _without_clearing(*arguments)
        optimizer.zero_grad()
        return loss

    module.train()
    return _means(batches, _train(module, optimizer, loss_fn, batches, num_epochs, step))


@misconception(
    "train_module",
    "The parameters do not move: step() must be called, after backward(), and zero_grad() not between the two.",
)
def module_never_moves(module, optimizer, loss_fn, batches, num_epochs):
    def step(module, optimizer, loss_fn, x, y):
        return loss_fn(module(x).squeeze(-1), y).item()

    module.train()
    return _means(batches, _train(module, optimizer, loss_fn, batches, num_epochs, step))


@misconception(
    "train_module", "[N, 1] beside [N] makes [N, N], or raises: give loss_fn the logits as [N], module(x).squeeze(-1)."
)
def column_beside_row(module, optimizer, loss_fn, batches, num_epochs):
    def step(module, optimizer, loss_fn, x, y):
        optimizer.zero_grad()
        loss = loss_fn(module(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    module.train()
    return _means(batches, _train(module, optimizer, loss_fn, batches, num_epochs, step))


@misconception(
    "train_module", "squeeze() takes away a batch of one as well: squeeze(-1) takes away the last dimension alone."
)
def batch_of_one_squeezed_away(module, optimizer, loss_fn, batches, num_epochs):
    def step(module, optimizer, loss_fn, x, y):
        optimizer.zero_grad()
        loss = loss_fn(module(x).squeeze(), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    module.train()
    return _means(batches, _train(module, optimizer, loss_fn, batches, num_epochs, step))


@misconception("train_module", "The losses are those after each step: the loss before it is asked for.")
def module_loss_after_the_step(module, optimizer, loss_fn, batches, num_epochs):
    def step(module, optimizer, loss_fn, x, y):
        module_step(module, optimizer, loss_fn, x, y)
        return loss_fn(module(x).squeeze(-1), y).item()

    module.train()
    return _means(batches, _train(module, optimizer, loss_fn, batches, num_epochs, step))


@misconception(
    "train_module",
    "A mean of the batches' losses counts the examples of a short batch for more: weigh each by its size.",
)
def batches_count_alike(module, optimizer, loss_fn, batches, num_epochs):
    module.train()
    return [sum(row) / len(row) for row in _train(module, optimizer, loss_fn, batches, num_epochs)]


@misconception(
    "train_module", "The loss of an epoch is a sum over its batches: weigh each, and divide by all examples."
)
def module_losses_added_up(module, optimizer, loss_fn, batches, num_epochs):
    module.train()
    return [sum(row) for row in _train(module, optimizer, loss_fn, batches, num_epochs)]


@misconception(
    "train_module", "Only the last batch speaks for its epoch: the mean over all of its examples is asked for."
)
def module_last_batch_only(module, optimizer, loss_fn, batches, num_epochs):
    module.train()
    return [row[-1] for row in _train(module, optimizer, loss_fn, batches, num_epochs)]


@misconception("train_module", "The total and the count go on from epoch to epoch: start both anew in each.")
def running_mean_over_epochs(module, optimizer, loss_fn, batches, num_epochs):
    module.train()
    means = _means(batches, _train(module, optimizer, loss_fn, batches, num_epochs))
    return [sum(means[: epoch + 1]) / (epoch + 1) for epoch in range(num_epochs)]


@misconception("train_module", "The total goes on from epoch to epoch: start it anew in each.")
def module_total_never_reset(module, optimizer, loss_fn, batches, num_epochs):
    module.train()
    means = _means(batches, _train(module, optimizer, loss_fn, batches, num_epochs))
    return [sum(means[: epoch + 1]) for epoch in range(num_epochs)]


@misconception("train_module", "The losses are tensors here: loss.item() is a Python float, without a graph behind it.")
def module_losses_as_tensors(module, optimizer, loss_fn, batches, num_epochs):
    module.train()
    return [torch.tensor(mean) for mean in _means(batches, _train(module, optimizer, loss_fn, batches, num_epochs))]


@misconception("train_module", "The losses are one a batch: one an epoch is asked for.")
def module_losses_of_all_batches(module, optimizer, loss_fn, batches, num_epochs):
    module.train()
    return [loss for row in _train(module, optimizer, loss_fn, batches, num_epochs) for loss in row]


@misconception(
    "train_module", "One epoch is trained, whatever num_epochs says: go through the batches num_epochs times."
)
def one_epoch_only(module, optimizer, loss_fn, batches, num_epochs):
    module.train()
    return _means(batches, _train(module, optimizer, loss_fn, batches, 1))


@misconception("train_module", "None is given back: return the list of losses.")
def nothing_returned(module, optimizer, loss_fn, batches, num_epochs):
    module.train()
    _train(module, optimizer, loss_fn, batches, num_epochs)


@misconception(
    "train_module", "A new optimizer has forgotten the momentum of the steps before: use the one that is given."
)
def optimizer_made_anew(module, optimizer, loss_fn, batches, num_epochs):
    module.train()
    table = []
    for _ in range(num_epochs):
        own = torch.optim.SGD(module.parameters(), **optimizer.defaults)
        table += _train(module, own, loss_fn, batches, 1)
    return _means(batches, table)
