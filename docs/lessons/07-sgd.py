# %% [markdown]
# # One step downhill
#
# A loss says how badly some parameters explain the data, and its gradient says which way it grows. A step against the
# gradient is all the learning there is: this lesson is about how long that step should be, what to compute it from,
# and what to remember from the steps before.

# %% [markdown]
# ## What you will be able to do
#
# - say why the step has a minus sign, and check it with numbers;
# - choose a learning rate, and read from a picture of the loss that one is too small or too large;
# - tell full-batch, stochastic and mini-batch descent apart by the noise of their gradients;
# - write momentum, Nesterov's variant and Adam from their formulas;
# - keep an optimizer's memory in your own hands, as JAX does, and know where `torch.optim` keeps it;
# - let the rate follow a schedule.

# %% [markdown]
# ## A loss that can be drawn whole
#
# The network of the course has 17 parameters, too many to draw. So this lesson begins with a model that has two. If
# the product $x_1 x_2$ is given as an input, XOR needs no hidden layer, because $x_1 + x_2 - 2 x_1 x_2$ is 0, 1, 1, 0
# at the four corners:
#
# $$ s = w_0 (x_1 + x_2 - \tfrac12) - 2\, w_1 x_1 x_2 $$
#
# The loss is that of [lesson 6](06-likelihood.md), the mean negative log-likelihood. The noise is large (0.4), so that
# the classes overlap and the best weights are finite.

# %%
import torch

from xorfunc import data, landscape, likelihood, model, optim, plot, random, schedules, transforms

x, y = data.continuous_xor(random.key(0), 500, 0.4)


def loss_fn(params, x, y):
    w = params["w"]
    s = w[0] * (x[:, 0] + x[:, 1] - 0.5) - 2 * w[1] * x[:, 0] * x[:, 1]
    return likelihood.loss_bce(s, y)


# %%
start = {"w": torch.tensor([2.0, -0.5])}
loss, grads = transforms.value_and_grad(loss_fn)(start, x, y)
loss, grads

# %% [markdown]
# Both entries of the gradient have a meaning. The first says: raise $w_0$ a little, and the loss grows, by about 0.34
# for each unit. The second says: raise $w_1$, and the loss falls.
#
# ## Why minus
#
# Near the parameters $p$ the loss is nearly linear. For a short step $u$
#
# $$ L(p + u) \approx L(p) + g \cdot u, \qquad g = \nabla L(p). $$
#
# Of all steps of one length, $g \cdot u$ is smallest for the one that points exactly against $g$. With $u = -\eta g$
# the loss falls by about $\eta\, |g|^2$, which is never negative. With a plus sign it grows by as much. Here are the
# prediction, the fall that really happens, and what the wrong sign does:

# %%
slope = sum(g.square().sum() for g in grads.values())
for lr in (0.001, 0.1, 1.0, 10.0):
    down = loss_fn(optim.sgd_update(start, grads, lr), x, y) - loss
    up = loss_fn({"w": start["w"] + lr * grads["w"]}, x, y) - loss
    print(f"lr {lr:6}  predicted {-lr * slope:8.4f}  minus {down:8.4f}  plus {up:8.4f}")

# %% [markdown]
# For short steps the prediction is right to three digits. For long ones it is far too hopeful: at 10 it promises a fall
# by three times the whole loss, and in truth the loss grows. The linear picture holds only nearby, and that is why
# there is a learning rate at all.
#
# One step of descent is one line in each style:
#
# === "functional"
#
#     ```python
#     loss, grads = value_and_grad(loss_fn)(params, x, y)
#     params = {name: p - lr * grads[name] for name, p in params.items()}
#     ```
#
# === "nn.Module"
#
#     ```python
#     optimizer.zero_grad()
#     loss = loss_fn(module(x).squeeze(-1), y)
#     loss.backward()
#     optimizer.step()
#     ```
#
# === "JAX"
#
#     ```python
#     loss, grads = jax.value_and_grad(loss_fn)(params, x, y)
#     params = jax.tree.map(lambda p, g: p - lr * g, params, grads)
#     ```
#
# ## How long a step
#
# The function below takes a step on each batch that it is given and keeps every point on its way. It works for any
# optimizer of [`xorfunc.optim`][xorfunc.optim], and for any parameter dict. `optim.sgd(lr)` is the plain step above.


# %%
def descend(loss_fn, params, optimizer, batches):
    state, path = optimizer.init(params), [params]
    for x_batch, y_batch in batches:
        grads = torch.func.grad(loss_fn)(params, x_batch, y_batch)
        updates, state = optimizer.update(grads, state, params)
        params = optim.apply_updates(params, updates)
        path.append(params)
    return {name: torch.stack([p[name] for p in path]) for name in params}


full = [(x, y)] * 40  # every step sees all 500 examples

# %% [markdown]
# [`landscape.loss_surface`][xorfunc.landscape.loss_surface] computes the loss over a plane, here that of the two
# weights themselves: $w_0$ to the right, $w_1$ upwards. A rate of 0.1 is too small: 40 steps end at the foot of
# the slope, with the whole length of the valley still to go.

# %% alt="Contours of the loss over both weights, a long valley along the diagonal. The path with rate 0.1 starts below the valley, creeps straight towards it, and ends where its floor begins."
plane = {"w": torch.tensor([1.0, 0.0])}, {"w": torch.tensor([0.0, 1.0])}
surface = landscape.loss_surface(loss_fn, {"w": torch.zeros(2)}, plane, x, y, low=-2, high=8, steps=81)


def picture(path):
    return plot.loss_surface(surface, low=-2, high=8, path=path["w"])


picture(descend(loss_fn, start, optim.sgd(0.1), full))

# %% [markdown]
# A rate of 4 is about right: one step into the valley, and then along its floor, nearly to the
# lowest point.

# %% alt="The path with rate 4 crosses into the valley in one step, turns, and runs along its floor almost to the lowest point near weights 3 and 3."
picture(descend(loss_fn, start, optim.sgd(4.0), full))

# %% [markdown]
# A rate of 9 is too large. Each step lands on the other wall of the valley, higher than it should, and the path never
# settles.

# %% alt="The path with rate 9 leaps across the valley to the far slope and then bounces between both walls, back and forth around the lowest point, without coming to rest."
picture(descend(loss_fn, start, optim.sgd(9.0), full))

# %% [markdown]
# The three behaviours can be predicted. Near its lowest point the loss is a bowl, and along a direction of curvature
# $\lambda$ (an eigenvalue of the Hessian, [lesson 3](03-transforms.md)) each step multiplies the distance that is left
# by
#
# $$ 1 - \eta \lambda . $$
#
# Between -1 and 1 the distance shrinks. It does so for every direction exactly if $\eta < 2 / \lambda_{max}$.


# %%
def of_weights(w):
    return loss_fn({"w": w}, x, y)


best = {"w": descend(loss_fn, start, optim.sgd(4.0), [(x, y)] * 200)["w"][-1]}
curvatures = torch.linalg.eigvalsh(transforms.jacobian(torch.func.grad(of_weights), best["w"]))
print("lowest point", best["w"], "loss", round(loss_fn(best, x, y).item(), 4))
print("curvatures", curvatures, "limit", round(2 / curvatures[1].item(), 2))
for lr in (0.1, 4.0, 9.0):
    print(f"lr {lr}: distance along and across the valley times", 1 - lr * curvatures)

# %% [markdown]
# The limit is 7.55: 4 is below it, 9 above. The table also says what is slow. Across the valley a rate of 4 does all
# the work in one step (a factor of about -0.06). Along it, where the curvature is 24 times smaller, each step
# leaves 96 % of the way. One rate has to serve both directions. That is the trouble with plain descent, and the reason
# for the algorithms below.
#
# !!! tip
#     You will rarely compute a Hessian to choose a rate. Try 1, 0.1, 0.01, and take the largest with which the loss
#     falls steadily; then look at a factor of three to either side.
#
# ## All examples, one, or a few
#
# The loss is a mean over examples, and so is its gradient. Any example, drawn at random, has a gradient whose
# expectation is the full one. A mean over $B$ of them has the same expectation and a standard deviation that is
# $\sqrt B$ times smaller. [`per_example_gradients`][xorfunc.transforms.per_example_gradients] shows it:


# %%
def one(params, x, y):
    return loss_fn(params, x[None], y[None])


each = transforms.per_example_gradients(one, start, x, y)["w"]  # [500, 2]
print("mean of all", each.mean(0), "full gradient", grads["w"])
for size in (1, 16, 256):
    draws = random.randint(random.key(1), (2000, size), 0, len(x))
    means = each[draws].mean(1)
    print(f"batches of {size:3}: mean {means.mean(0)}, standard deviation {means.std(0)}")

# %% [markdown]
# From 1 to 16 to 256 examples the noise falls by four each time, while the cost of a gradient grows by sixteen. That
# is a bad bargain, and so a batch is seldom larger than what the hardware does in the time of one example anyway.
#
# | | gradient from | a step costs | path |
# |---|---|---|---|
# | full-batch | all $N$ examples | the most | smooth, the same every time |
# | stochastic | one example | the least | wild, never at rest |
# | mini-batch | $B$ examples, usually 32 to 512 | little | rough, mostly downhill |
#
# Here are 100 steps with the same rate of 1, first with single examples, then with batches of 16. Each is a shuffled
# pass over the data cut into pieces, as [`data.minibatches`][xorfunc.data.minibatches] of [lesson 4](04-data.md) does
# it.

# %% alt="A stochastic path with batches of one example: long leaps from one side of the valley to the other, ending on its slope well away from the lowest point."
picture(descend(loss_fn, start, optim.sgd(1.0), data.minibatches(random.key(2), x, y, 1)[:100]))

# %% alt="A path with batches of 16 examples: it trembles, but enters the valley and follows its floor almost to the lowest point."
epochs = [data.minibatches(random.fold_in(random.key(2), e), x, y, 16) for e in range(4)]
few = [batch for batches in epochs for batch in batches][:100]
picture(descend(loss_fn, start, optim.sgd(1.0), few))

# %% [markdown]
# The hundred steps with single examples looked at 100 examples in all, those with batches at 1,600, and a hundred
# full-batch steps would have looked at 50,000. The noise does not go away with time: with a constant rate the path
# ends up trembling around the lowest point, the more so the larger the rate. A falling rate (below) brings it to rest.
#
# ## Momentum
#
# Let the step have a memory. The velocity $v$ adds up gradients and forgets them slowly:
#
# $$ v' = \beta v + g, \qquad p' = p - \eta v' $$
#
# Where the gradient keeps its direction, along the valley, the velocity grows towards $g / (1 - \beta)$: with
# $\beta = 0.9$ the steps become ten times as long. Where it changes sign from step to step, across the valley, the
# terms cancel. Nesterov's variant uses the velocity as if one more step had been taken with it, and so begins to brake
# earlier:
#
# $$ v' = \beta v + g, \qquad p' = p - \eta (g + \beta v') $$

# %% alt="The path with momentum overshoots the floor of the valley, swings back in a curve, and comes to rest at the lowest point."
picture(descend(loss_fn, start, optim.momentum(4.0, 0.6), full))

# %%
lowest = loss_fn(best, x, y)


def steps_needed(optimizer):
    path = descend(loss_fn, start, optimizer, [(x, y)] * 150)["w"]
    losses = torch.func.vmap(of_weights)(path)
    return int((losses > lowest + 1e-3).sum())


print("plain   ", steps_needed(optim.sgd(4.0)))
print("momentum", steps_needed(optim.momentum(4.0, 0.6)))
print("Nesterov", steps_needed(optim.momentum(4.0, 0.6, nesterov=True)))

# %% [markdown]
# The numbers are steps that were still more than 0.001 above the lowest loss. Books write momentum in several ways:
# with $\eta$ inside the velocity, or with $(1 - \beta) g$. The algorithm is the same, but the rates that go with it are
# not. The formulas above are those of `torch.optim.SGD`, and the exercise asks for the first of them.
#
# ## Adam
#
# Adam keeps two running means, of the gradient and of its square, and divides the one by the root of the other:
#
# $$ m' = \beta_1 m + (1 - \beta_1)\, g, \qquad v' = \beta_2 v + (1 - \beta_2)\, g^2 $$
#
# $$ \hat m = \frac{m'}{1 - \beta_1^t}, \qquad \hat v = \frac{v'}{1 - \beta_2^t}, \qquad
#    p' = p - \eta\, \frac{\hat m}{\sqrt{\hat v} + \epsilon} $$
#
# Both means start at zero, so at first they are too small, and not by the same factor. Dividing by $1 - \beta^t$, where
# $t$ counts updates from 1, corrects exactly that. With a constant gradient of 1 the corrected step is 1 times the rate
# from the start; without the correction it would begin three times as long, and be too long
# for hundreds of steps:

# %%
m = v = torch.zeros(())
for t in range(1, 101):
    m, v = 0.9 * m + 0.1 * 1.0, 0.999 * v + 0.001 * 1.0**2
    if t in (1, 2, 10, 100):
        corrected = (m / (1 - 0.9**t)) / (v / (1 - 0.999**t)).sqrt()
        print(f"t {t:3}  m {m:.3f}  v {v:.4f}  uncorrected {m / v.sqrt():.2f}  corrected {corrected:.2f}")

# %% [markdown]
# So the length of Adam's steps depends on the rate and on how steady the gradient is, not on how large it is. A loss
# that is a thousand times larger makes plain descent leap out of the picture. Adam does not notice:


# %%
def large(params, x, y):
    return 1000 * loss_fn(params, x, y)


for name, optimizer in (("sgd", optim.sgd(4.0)), ("adam", optim.adam(0.3))):
    ends = [descend(f, start, optimizer, full)["w"][-1] for f in (loss_fn, large)]
    print(name, "ends at", ends[0], "and with the large loss at", ends[1])

# %% alt="Adam's path runs in a smooth curve: straight towards the valley at first, past its floor, then back and along it towards the lowest point."
picture(descend(loss_fn, start, optim.adam(0.3), full))

# %% [markdown]
# Adam scales each *coordinate* by itself. This valley runs along the diagonal, where that cannot help, and Adam is
# slower than momentum here. Networks have weights whose gradients differ by orders of magnitude, and there a rate
# between 0.001 and 0.1 works without much thought. That is what Adam is for.
#
# ## Where the memory lives
#
# An optimizer of `xorfunc` is a pair of pure functions, as in optax. The state is an argument and a result:
#
# ```mermaid
# flowchart LR
#     G[grads] --> U[update]
#     S[state] --> U
#     P[params] --> U
#     U --> D[updates]
#     U --> S2[new state]
#     P --> A[apply_updates]
#     D --> A
#     A --> P2[new params]
# ```
#
# An optimizer of `torch.optim` is an object. It holds references to the parameters, reads their `.grad`, writes into
# them in place, and keeps the state inside, keyed by parameter:

# %%
w = start["w"].clone().requires_grad_()
by_torch = torch.optim.SGD([w], lr=4.0, momentum=0.6)
for x_batch, y_batch in few[:5]:
    by_torch.zero_grad()
    loss_fn({"w": w}, x_batch, y_batch).backward()
    by_torch.step()
print("torch.optim ", w.detach(), "hidden:", by_torch.state_dict()["state"][0]["momentum_buffer"])
path = descend(loss_fn, start, optim.momentum(4.0, 0.6), few[:5])["w"]
print("(init, update)", path[-1], "velocity:", (path[-2] - path[-1]) / 4.0)

# %% [markdown]
# The numbers agree. What differs is who holds them. Because state goes in and comes out, you can save it with the
# parameters ([lesson 10](10-checkpoints.md)), repeat a step, or map a step over a thousand members with `vmap`
# ([lesson 12](12-ensembles.md)). With the object, those who forget its `state_dict` when they resume start with an
# empty velocity.
#
# === "functional"
#
#     ```python
#     optimizer = optim.adam(0.01)
#     state = optimizer.init(params)
#     updates, state = optimizer.update(grads, state, params)
#     params = optim.apply_updates(params, updates)
#     ```
#
# === "torch.optim"
#
#     ```python
#     optimizer = torch.optim.Adam(module.parameters(), lr=0.01)
#     optimizer.zero_grad()
#     loss.backward()
#     optimizer.step()
#     ```
#
# === "JAX"
#
#     ```python
#     optimizer = optax.adam(0.01)
#     state = optimizer.init(params)
#     updates, state = optimizer.update(grads, state, params)
#     params = optax.apply_updates(params, updates)
#     ```
#
# ## Rates that change
#
# A schedule is a function from the number of updates so far to the rate. Warm-up begins gently, while Adam's means or a
# velocity are still empty; decay ends gently, so that the noise of small batches averages out.

# %%
schedule = schedules.linear_warmup(schedules.cosine_decay(4.0, num_steps=90), num_steps=10)
print([round(schedule(torch.tensor(step)).item(), 2) for step in (0, 5, 10, 30, 55, 80, 100)])
for name, lr in (("constant", 4.0), ("schedule", schedule)):
    path = descend(loss_fn, start, optim.sgd(lr), few)["w"]
    losses = torch.func.vmap(of_weights)(path[-20:])
    print(f"{name}: mean excess loss of the last 20 steps {losses.mean() - lowest:.4f}")

# %% [markdown]
# === "functional"
#
#     ```python
#     optimizer = optim.sgd(schedules.cosine_decay(0.1, num_steps=1000))
#     ```
#
# === "torch.optim"
#
#     ```python
#     optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
#     scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=1000)
#     optimizer.step()
#     scheduler.step()  # after optimizer.step(), once an update
#     ```
#
# === "JAX"
#
#     ```python
#     optimizer = optax.sgd(optax.cosine_decay_schedule(0.1, decay_steps=1000))
#     ```
#
# ## The network itself
#
# The same `descend` works for the 17 parameters of the network, since it only ever sees a dict. The data is the same,
# too.
# [`principal_directions`][xorfunc.landscape.principal_directions] finds the plane that comes closest to its path. The
# coordinates are distances from the end of the training.


# %%
def network_loss(params, x, y):
    return likelihood.loss_bce(model.logits(params, x)[:, 0], y)


begin = model.init_params(random.key(4), num_inputs=2, num_hidden=4, num_outputs=1)
paths = descend(network_loss, begin, optim.adam(0.1), [(x, y)] * 60)
print({name: tuple(path.shape) for name, path in paths.items()})

# %% alt="The loss over the plane of the network's training with Adam: the path starts on the right, swings down and to the left into a bent basin, and ends in its darkest part."
end = {name: path[-1] for name, path in paths.items()}
directions = landscape.principal_directions(paths)
around = landscape.loss_surface(network_loss, end, directions, x, y, low=-4, high=10)
plot.loss_surface(around, low=-4, high=10, path=landscape.coordinates(paths, end, directions))

# %% [markdown]
# No ellipse any more: the basin is bent, there are plateaus and ridges, and the limit $2 / \lambda_{max}$ is another
# one at every point. What you saw in two dimensions still explains what you see here: fast across, slow along.

# %% [markdown]
# ## Pitfalls
#
# !!! warning "Pitfall: the step goes uphill"
#     `p + lr * g` climbs. There is no error, the loss just grows. When a loss grows from the very first step, and a
#     rate ten times smaller does not help, look at the sign.
#
# !!! warning "Pitfall: `-=` writes into the caller's tensor"
#     `p -= lr * g` changes the tensor that the caller still holds. On a leaf that requires grad torch refuses:
#     `RuntimeError: a leaf Variable that requires grad is being used in an in-place operation.` In the functional style
#     write `p - lr * g`, which makes a new tensor.
#
# !!! warning "Pitfall: value and gradient in the wrong order"
#     `torch.func.grad_and_value` gives `(grads, value)`, JAX the reverse. `loss, grads = grad_and_value(f)(...)` is
#     noticed one line later: `AttributeError: 'Tensor' object has no attribute 'items'`.
#
# !!! warning "Pitfall: the graph grows from step to step"
#     If `params` require grad, so does `p - lr * g`, and step after step hangs on the one before. Memory fills slowly.
#     Update under `torch.no_grad()`, and `detach()` the loss that you keep.
#
# !!! warning "Pitfall: pairing by order"
#     `zip(params.values(), grads.values())` pairs whatever comes first. The order of a dict's names is nobody's
#     promise. Take `grads[name]`.
#
# !!! warning "Pitfall: gradients left over in the module style"
#     `backward()` adds to `.grad`. Without `zero_grad()` first, each step goes by the sum of all gradients so far. It
#     looks like wild momentum.
#
# !!! warning "Pitfall: logits [N, 1] beside labels [N]"
#     A loss that broadcasts makes `[N, N]` of them and is wrong in silence; a careful one says
#     `ValueError: Target size (torch.Size([3])) must be the same as input size (torch.Size([3, 1]))`.
#     `module(x).squeeze(-1)` takes the last axis away. Plain `squeeze()` also takes away a batch of one.
#
# !!! warning "Pitfall: the scheduler moves first"
#     ``UserWarning: Detected call of `lr_scheduler.step()` before `optimizer.step()`.`` The first rate of the schedule
#     is then never used.
#
# ## Quizzes
#
# ??? question "Quiz: The loss falls for 20 steps, then jumps up and down between two values. Which factor is to blame?"
#     $1 - \eta\lambda$ for the steepest direction: it is near -1, or beyond. The rate is above $2 / \lambda_{max}$, or
#     a little below it. Halve the rate.
#
# ??? question "Quiz: You make batches four times as large. How much smaller is the noise of the gradient?"
#     Half as large: the standard deviation falls with the root of the batch size.
#
# ??? question "Quiz: Momentum 0.9 with rate 0.1 works well. Which rate gives plain descent equally long steps?"
#     About 1, where the gradient hardly changes, as along a valley: the velocity adds up to $g / (1 - 0.9) = 10\,g$.
#     Across the valley that rate may be too large, and that is why momentum is better than a large rate.
#
# ??? question "Quiz: What is Adam's very first step for a gradient of 3, and for one of -0.003?"
#     $-\eta$ and $+\eta$: after the correction $\hat m = g$ and $\hat v = g^2$, so the quotient is the sign of $g$.
#
# ## Exercise
#
# `sgd_update` gives the parameters after one plain step, $p - \eta g$, as a new dict. The result must not require grad,
# whether the parameters do or not, and nothing of the caller's may change.

# %% tags=["student"] function="sgd_update"

# %% [markdown]
# `train_step` computes the loss of one batch with its gradient, and takes that step. It gives the new parameters and
# the loss *before* the step. A parameter that the loss does not use stays as it is.

# %% tags=["student"] function="train_step"

# %% [markdown]
# `momentum_init` makes the velocity of parameters that have not moved yet: zeros, with the shape and dtype of each.

# %% tags=["student"] function="momentum_init"

# %% [markdown]
# `momentum_update` takes parameters, gradients and velocity, and gives new parameters and the new velocity, by the
# first pair of formulas under Momentum. The rate stays outside the velocity.

# %% tags=["student"] function="momentum_update"

# %% [markdown]
# `module_step` does one step in the other style: clear the gradient, run the module, compute the loss, go backward,
# step. It must be right also when `.grad` holds something from before, and it returns the loss as a Python float.

# %% tags=["student"] function="module_step"

# %% tags=["check"]
from checker import check

check("exercise7")

# %% [markdown]
# ## Where to read on
#
# [Lesson 8](08-training.md) puts `train_step` and `module_step` into a loop. [Lesson 12](12-ensembles.md) maps
# `train_step` over thousands of networks, which works because it is pure. Every optimizer and schedule used here is in
# [`xorfunc.optim`][xorfunc.optim] and [`xorfunc.schedules`][xorfunc.schedules]; the surfaces are in
# [`xorfunc.landscape`][xorfunc.landscape].
#
# - Kingma and Ba, [Adam: a method for stochastic optimization](https://arxiv.org/abs/1412.6980), 2015.
# - Sutskever, Martens, Dahl and Hinton, [On the importance of initialization and momentum in deep
#   learning](https://proceedings.mlr.press/v28/sutskever13.html), 2013: Nesterov's variant as it is used here.
# - Goh, [Why momentum really works](https://distill.pub/2017/momentum/), 2017: the factors of this lesson, with
#   momentum, as pictures that move.
