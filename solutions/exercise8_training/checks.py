"""How exercise 8 is checked: the inputs of each function, what must hold of it, and its hints."""

import torch
from torch.nn import functional

from checker.spec import check, detached, integer, key, labels, number, one_of, params, seen_by, tensor

THE_ANSWERS = [
    *(f"xorfunc.train.{name}" for name in ("fit", "train_epoch", "train_module", "run_epochs")),
    *(f"xorfunc.compiled.{name}" for name in ("looped", "traced", "compiled")),  # what `fit` loops with
    "xorfunc.ensemble.fit_ensemble",  # of one member
]

# Losses of parameters {"w": [D], "b": []} on inputs [N, D] and labels [N].


def squared_error(params, x, y):
    return (x @ params["w"] + params["b"] - y).square().mean()


def logistic_loss(params, x, y):
    s = x @ params["w"] + params["b"]
    return (functional.softplus(s) - y * s).mean()


def without_bias(params, x, y):
    return (x @ params["w"] - y).square().mean()


def in_batches(x, y, batch_size):
    return list(zip(x.split(batch_size), y.split(batch_size), strict=True))


def one_epoch(answer, loss_fn, params, x, y, batch_size, lr):
    batches = in_batches(x, y, batch_size)
    return answer.train_epoch(loss_fn, params, batches, lr)


def one_parameter_more(answer, loss_fn, params, x, y, batch_size, lr):
    """Gives back every parameter, one that the loss never reads as well"""
    batches = in_batches(x, y, batch_size)
    params = {**params, "unread": x.clone()}
    return answer.train_epoch(loss_fn, params, batches, lr)


check(
    "train_epoch",
    loss_fn=one_of(squared_error, logistic_loss, without_bias),
    params=params({"w": "D", "b": ""}),
    x=tensor("N D", low=-2, high=2),
    y=labels("N") | tensor("N"),
    batch_size=integer(1, 3),
    lr=number(0.03125, 0.0625),
    trial=one_epoch,
    laws=[seen_by(one_parameter_more, count=3), detached("params")],
    off_limits=THE_ANSWERS,
    hints=[
        "A loop over the batches. What does one step need from the step before it?",
        "params, loss = train_step(loss_fn, params, x, y, lr), and the loss goes into a list.",
        "torch.stack makes one tensor of a list of tensors, with their dtype and on their device.",
    ],
)


def also_unread(answer, key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    """Gives back every parameter, one that the loss never reads as well"""
    params = {**params, "unread": x.clone()}
    return answer.fit(key, loss_fn, params, x, y, num_epochs, batch_size, lr)


def three_epochs(answer, key, loss_fn, params, x, y, num_epochs, batch_size, lr):
    """Shuffles afresh in each of many epochs, and goes on from one to the next"""
    x, y = torch.cat([x, x + 1, x - 1]), torch.cat([y, 1 - y, y])
    return answer.fit(key, loss_fn, params, x, y, 3, 4, lr / 4)


check(
    "fit",
    key=key(),
    loss_fn=one_of(squared_error, logistic_loss, without_bias),
    params=params({"w": "D", "b": ""}),
    x=tensor("N D", low=-2, high=2),
    y=labels("N") | tensor("N"),
    num_epochs=integer(1, 3),
    batch_size=integer(2, 4),
    lr=number(0.03125, 0.0625),
    laws=[seen_by(three_epochs, count=4), seen_by(also_unread, count=2), detached("params")],
    off_limits=THE_ANSWERS,
    hints=[
        "A loop over the epochs. The key of epoch e is fold_in(key, e); the parameters go on from epoch to epoch.",
        "Your train_epoch does all of one epoch, but its losses are one a batch: weigh each by its batch's len(x).",
        "sum(size * loss) / len(x) is the loss of an epoch, a tensor; torch.stack makes one tensor of all epochs.",
    ],
)


# A module, optimizers for it, and losses of logits [N] and labels [N].


class Line(torch.nn.Module):
    def forward(self, x):
        s = x @ self.weight.T + self.bias
        return s if self.training else s / 2  # evaluation mode shows


def line(params):
    module = Line()
    for name, value in params.items():
        module.register_parameter(name, torch.nn.Parameter(value.detach().clone()))
    return module


def with_leftovers(module):
    for p in module.parameters():
        p.grad = torch.ones_like(p)
    return module


def plain(parameters):
    return torch.optim.SGD(parameters, lr=0.03125)


def with_momentum(parameters):
    return torch.optim.SGD(parameters, lr=0.03125, momentum=0.5)


def mean_square(s, y):
    return (s - y).square().mean()


def cross_entropy(s, y):
    return functional.binary_cross_entropy_with_logits(s, y.to(s.dtype))


def training(answer, params, make_optimizer, loss_fn, x, y, batch_size, num_epochs):
    module = line(params)
    optimizer = make_optimizer(module.parameters())
    batches = in_batches(x, y, batch_size)
    losses = answer.train_module(module, optimizer, loss_fn, batches, num_epochs)
    return {"the losses": losses, **dict(module.named_parameters())}


def from_evaluation_mode(answer, params, make_optimizer, loss_fn, x, y, batch_size, num_epochs):
    """Trains in train mode, also a module that comes in evaluation mode"""
    module = line(params).eval()
    optimizer = make_optimizer(module.parameters())
    batches = in_batches(x, y, batch_size)
    losses = answer.train_module(module, optimizer, loss_fn, batches, num_epochs)
    return {"the losses": losses, **dict(module.named_parameters())}


def leftovers(answer, params, make_optimizer, loss_fn, x, y, batch_size, num_epochs):
    """Trains by these batches alone, whatever the parameters hold in `.grad` from before"""
    module = with_leftovers(line(params))
    optimizer = make_optimizer(module.parameters())
    batches = in_batches(x, y, batch_size)
    losses = answer.train_module(module, optimizer, loss_fn, batches, num_epochs)
    return {"the losses": losses, **dict(module.named_parameters())}


def trained_twice(answer, params, make_optimizer, loss_fn, x, y, batch_size, num_epochs):
    """Goes on where it stopped: the optimizer remembers, and the module keeps its Parameter objects"""
    module = line(params)
    optimizer = make_optimizer(module.parameters())
    weight, batches = module.weight, in_batches(x, y, batch_size)
    losses = [answer.train_module(module, optimizer, loss_fn, batches, num_epochs) for _ in range(2)]
    kept = "the same object" if module.weight is weight else "another object"
    return {"the losses": losses, **dict(module.named_parameters()), "module.weight": kept}


def uneven_batches(answer, params, make_optimizer, loss_fn, x, y, batch_size, num_epochs):
    """Counts every example once, also where one batch is large and another a single example"""
    module = line(params)
    optimizer = make_optimizer(module.parameters())
    batches = [(torch.cat([x, x / 2]), torch.cat([y, y])), (x[:1], y[:1])]
    axes = []
    noted = lambda s, y: axes.append(s.ndim) or loss_fn(s, y)  # noqa: E731
    losses = answer.train_module(module, optimizer, noted, batches, num_epochs)
    return {"the losses": losses, **dict(module.named_parameters()), "axes of the logits": str(sorted(set(axes)))}


check(
    "train_module",
    params=params({"weight": "1 D", "bias": "1"}),
    make_optimizer=one_of(plain, with_momentum),
    loss_fn=one_of(mean_square, cross_entropy),
    x=tensor("N D", low=-2, high=2),
    y=labels("N") | tensor("N"),
    batch_size=integer(1, 3),
    num_epochs=integer(1, 3),
    trial=training,
    laws=[
        seen_by(uneven_batches),
        seen_by(from_evaluation_mode),
        seen_by(leftovers),
        seen_by(trained_twice, count=4),
    ],
    off_limits=THE_ANSWERS,
    hints=[
        "module.train() once, then two loops: epochs outside, batches inside, and module_step does a step.",
        "For the mean over the examples add up len(x) * loss, and divide by how many examples all batches have.",
        "Start the total anew in each epoch; total / num_examples is its loss, a float like those of module_step.",
    ],
)
