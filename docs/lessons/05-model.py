# %% [markdown]
# # A network is a function of its parameters
#
# A straight line cannot separate the classes of XOR, and one hidden layer can. This lesson shows why, writes the
# network as a function of a dict, counts what is in that dict, and meets the same network again as an `nn.Module`.

# %% [markdown]
# ## What you will be able to do
#
# - say what a generalised linear model computes, and why it fails at XOR, with a picture and with a proof;
# - choose four hidden units by hand that solve it, and read them as new features;
# - write affine layers for any batch shape, and count their parameters;
# - keep parameters as a plain dict, named as a module's `state_dict`;
# - draw starting values whose size suits the layer, from keys;
# - run any module on parameters that are not its own with `functional_call`, and know why `strict=True` is not
#   optional.

# %% [markdown]
# ## What a line can do
#
# A *generalised linear model* has one affine function and a fixed one-dimensional function around it:
#
# $$ s = w \cdot x + b, \qquad P(Y = 1 \mid x) = \sigma(s) = \frac{1}{1 + e^{-s}} $$
#
# The number $s$ is the **logit**: any real number, 0 where the model has no opinion. Where $s$ is 0 the model changes
# its mind, and that set is a straight line. Trained with the loss of [lesson 6](06-likelihood.md), the best that it
# finds is this:

# %%
import torch

from xorfunc import data, evaluate, likelihood, model, optim, plot, random, train

torch.set_num_threads(1)  # for tensors this small a second thread costs more than it saves
data_key, line_key, net_key, fit_key = random.split(random.key(5), 4)
x, y = data.continuous_xor(data_key, 500, 0.15)


# %%
def linear_logits(params, x):
    return x @ params["weight"] + params["bias"]


def linear_loss(params, x, y):
    return likelihood.loss_bce(linear_logits(params, x), y)


start = {"weight": random.normal(line_key, (2,)), "bias": torch.zeros(())}
line, losses = train.fit(fit_key, linear_loss, start, x, y, optimizer=optim.adam(0.05), num_epochs=40)
print("weights", line["weight"], "bias", line["bias"])
print("loss", losses[-1], "accuracy", evaluate.accuracy(linear_logits(line, x), y))

# %% alt="Samples of continuous XOR around the four corners of the unit square, over a nearly uniform background: the linear model gives every point of the plane a probability close to one half."
low, high = -0.5, 1.5
grid = evaluate.probability_grid(linear_logits, line, low, high, steps=61)
plot.decision_boundary(grid, x, y, low=low, high=high)

# %% [markdown]
# The weights are nearly zero, the loss is nearly $\ln 2 \approx 0.693$, that of a coin, and the accuracy is not far
# from a coin's either. The model has not failed to learn; there is nothing for it to learn. Suppose some line were
# right at all four corners. Then $s$ is negative at $(0, 0)$ and at $(1, 1)$, so their sum is negative:
#
# $$ (b) + (w_1 + w_2 + b) < 0 . $$
#
# And $s$ is positive at $(1, 0)$ and $(0, 1)$, so *their* sum is positive:
#
# $$ (w_1 + b) + (w_2 + b) > 0 . $$
#
# Both left sides are $w_1 + w_2 + 2 b$. It cannot be negative and positive.
#
# ## What a hidden layer adds
#
# Put a layer in between that computes new features, and let the line run through *those*:
#
# $$ h = \tanh(W_h x + b_h) \in \mathbb{R}^H, \qquad s = W_s h + b_s $$
#
# ```mermaid
# flowchart LR
#     x["x [N, 2]"] --> A["affine, linear_h"] --> T["tanh"] --> h["h [N, H]"]
#     h --> B["affine, linear_s"] --> s["logits s [N, 1]"]
# ```
#
# Each hidden unit is a soft step across a line of its own: $-1$ on one side, $+1$ on the other. Two steps are enough.
# Let the first rise where $x_1 + x_2$ passes $\frac12$ and the second where it passes $\frac32$. Between the two lines,
# where exactly one of the inputs is 1, the first unit is $+1$ and the second still $-1$:

# %%
by_hand = {
    "linear_h.weight": torch.tensor([[6.0, 6.0], [6.0, 6.0]]),
    "linear_h.bias": torch.tensor([-3.0, -9.0]),
    "linear_s.weight": torch.tensor([[4.0, -4.0]]),
    "linear_s.bias": torch.tensor([-4.0]),
}
corners = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
h = torch.tanh(model.affine(by_hand["linear_h.weight"], by_hand["linear_h.bias"], corners))
print("features of the corners\n", h)
print("logits", model.logits(by_hand, corners)[:, 0])

# %% alt="The plane with the network made by hand: a diagonal band between two parallel lines, from the upper left to the lower right, holds the samples of class 1; both outer sides hold class 0."
grid = evaluate.probability_grid(lambda p, x: model.logits(p, x)[..., 0], by_hand, low, high, steps=61)
plot.decision_boundary(grid, x, y, low=low, high=high)

# %% [markdown]
# Now look at the same samples where the second layer sees them. Each point is drawn at its two features instead of its
# two coordinates, $h_1$ to the right and $h_2$ upwards:

# %% alt="The same samples at their two hidden features, h1 and h2, on two edges of the square from -1 to 1. Class 0 begins at the lower left and at the upper right; both clouds of class 1 have met at the lower right corner, where the two edges join. A straight line cuts that corner off."
features = torch.tanh(model.affine(by_hand["linear_h.weight"], by_hand["linear_h.bias"], x))
figure = plot.samples(features, y)
figure.axes[0].set(xlabel="h1", ylabel="h2")
figure

# %% [markdown]
# The four corners have become three: $(-1, -1)$, $(1, 1)$, and $(1, -1)$, at which both clouds of class 1 have met. A
# line cuts that one off from the others, here $h_1 - h_2 = 1$, and the second layer is that line. (The points lie on
# two edges because both units look at $x_1 + x_2$ only.) This is what a hidden layer does: it does not bend the line,
# it moves the points.
#
# A network that is trained finds features of its own. With two hidden units it often gets stuck; the course takes four,
# and then it nearly always succeeds ([lesson 12](12-ensembles.md) counts how often).


# %%
def loss_fn(params, x, y):
    return likelihood.loss_bce(model.logits(params, x)[:, 0], y)


start = model.init_params(net_key, num_inputs=2, num_hidden=4, num_outputs=1)
params, losses = train.fit(fit_key, loss_fn, start, x, y, optimizer=optim.adam(0.05), num_epochs=40)
print("loss", losses[-1], "accuracy", evaluate.accuracy(model.logits(params, x)[:, 0], y))

# %% alt="The trained network as circles and lines: two inputs, four hidden units with their biases, one logit; thick solid lines for large positive weights, dashed ones for negative."
plot.network(params)

# %% alt="The trained network's probability of class 1 over the plane: high around the upper left and the lower right clouds, low around the other two, with two curved lines of one half that bend past each other in the middle. Only one sample lies on the wrong side."
grid = evaluate.probability_grid(lambda p, x: model.logits(p, x)[..., 0], params, low, high, steps=61)
plot.decision_boundary(grid, x, y, low=low, high=high)

# %% [markdown]
# Why `tanh` at all? Without a bend in between, two affine layers are one: $W_s (W_h x + b_h) + b_s$ is
# $(W_s W_h)\, x + (W_s b_h + b_s)$, again a line.
#
# ## Affine layers, and what they cost
#
# `affine` is the one piece that both layers are made of. It follows PyTorch's convention: a weight has a *row for each
# output*, `[H, D]`, and inputs carry their features *last*:
#
# $$ \text{affine}(W, b, x)_{\dots h} = \sum_d W_{hd}\, x_{\dots d} + b_h $$
#
# So it works for one point `[D]`, a batch `[N, D]`, and a batch of batches `[K, N, D]` alike, because only the last
# axis is summed over.
#
# === "torch"
#
#     ```python
#     h = torch.tanh(x @ weight.T + bias)      # weight [H, D]
#     h = torch.tanh(F.linear(x, weight, bias))  # the same in one call
#     ```
#
# === "JAX"
#
#     ```python
#     h = jnp.tanh(x @ kernel + bias)  # flax keeps a kernel [D, H]
#     ```

# %%
weight, bias = params["linear_h.weight"], params["linear_h.bias"]
for shape in [(2,), (7, 2), (3, 7, 2)]:
    print(shape, "->", tuple(model.affine(weight, bias, torch.zeros(shape)).shape))

# %% [markdown]
# A layer from $D$ to $H$ has $H D$ weights and $H$ biases. For the network of the course:
#
# $$ \underbrace{4 \cdot 2 + 4}_{\text{linear\_h}} + \underbrace{1 \cdot 4 + 1}_{\text{linear\_s}} = 17 $$

# %%
for name, leaf in params.items():
    print(f"{name:16} {tuple(leaf.shape)!s:8} {leaf.numel():2}")
print("together", model.count_parameters(params))

# %% [markdown]
# ## Parameters are a dict
#
# In the functional style all that a network has learned is this dict: four names, four tensors. You can print it, save
# it, add two of them, take its gradient, stack a thousand of them. The names are those that the module has, so the dict
# passes from one style to the other without translation.
#
# === "functional"
#
#     ```python
#     params = init_params(key, num_inputs=2, num_hidden=4, num_outputs=1)
#     s = logits(params, x)
#     ```
#
# === "nn.Module"
#
#     ```python
#     module = LogitPredictor(num_inputs=2, num_hidden=4, num_outputs=1)
#     s = module(x)
#     ```
#
# === "JAX"
#
#     ```python
#     module = LogitPredictor(num_hidden=4)  # a flax module
#     params = module.init(key, x)  # a dict of dicts: params["params"]["linear_h"]["kernel"], [D, H]
#     s = module.apply(params, x)
#     ```
#
# A module is a class with layers as attributes. Assigning a layer to an attribute *registers* it: that is how
# `module.parameters()` and `module.state_dict()` find it, and where the names come from. The linear model of above, as
# a module, has one layer; the network has two:

# %%
from torch import nn


class Line(nn.Module):
    def __init__(self, num_inputs):
        super().__init__()
        self.score = nn.Linear(num_inputs, 1)

    def forward(self, x):
        return self.score(x)


print({name: tuple(leaf.shape) for name, leaf in Line(2).state_dict().items()})

# %%
module = model.LogitPredictor(2, 4, 1)
print(module)
print(list(module.state_dict()))
print(module.load_state_dict(params))
print("same logits:", torch.allclose(module(x), model.logits(params, x)))

# %% [markdown]
# You call `module(x)`, not `module.forward(x)`: the call also runs hooks, of which other people's tools make use. The
# two styles differ in who holds the numbers, and in all that follows from it:
#
# | | functional | nn.Module |
# |---|---|---|
# | numbers live in | a dict that you pass | attributes of the module |
# | where they come from | a key | the global random state, in the constructor |
# | they require grad | no: `grad` differentiates whatever you name | yes, each `nn.Parameter` does |
# | a step gives | a new dict | the same module, changed |
# | a thousand networks | one dict with an axis more, under `vmap` | a thousand objects |

# %% [markdown]
# ### Any module as a function
#
# `torch.func.functional_call(module, params, (x,))` runs a module with *other* parameters in the place of its own, and
# leaves the module as it was. That is the bridge from a module of anybody's library to `grad` and `vmap`
# ([lesson 3](03-transforms.md)). `module.load_state_dict(params)` is no such bridge: it *copies* the numbers into the
# module, so no gradient finds its way back to `params`.


# %%
def module_loss(params, x, y):
    s = torch.func.functional_call(module, params, (x,), strict=True)
    return likelihood.loss_bce(s[:, 0], y)


ours, theirs = torch.func.grad(loss_fn)(params, x, y), torch.func.grad(module_loss)(params, x, y)
print({name: torch.allclose(ours[name], theirs[name], atol=1e-6) for name in ours})

# %% [markdown]
# `strict=True` is not optional. Without it a missing name is no error, the module quietly takes its own weight; and a
# name that it does not have is ignored. Take a fresh module and forget the biases of the hidden layer:

# %%
torch.manual_seed(0)  # a module draws from the global state
fresh = model.LogitPredictor(2, 4, 1)
incomplete = {name: leaf for name, leaf in params.items() if name != "linear_h.bias"}
s = torch.func.functional_call(fresh, incomplete, (x,))
print("accuracy with other biases:", evaluate.accuracy(s[:, 0], y))
print("a name it does not have:   ", torch.func.functional_call(fresh, params | {"temperature": x}, (x,)).shape)

# %% tags=["raises-exception"]
torch.func.functional_call(fresh, incomplete, (x,), strict=True)

# %% [markdown]
# ## Where to start
#
# Training needs a start, and zeros are a bad one. With all weights equal, every hidden unit computes the same feature
# and gets the same gradient; they stay equal for ever, and four units are as good as one. With zeros it is worse: where
# `linear_s.weight` is zero, the hidden layer has no gradient at all.

# %%
for value in (0.5, 0.0):
    equal = {name: torch.full_like(leaf, value) for name, leaf in params.items()}
    print(torch.func.grad(loss_fn)(equal, x, y)["linear_h.weight"])

# %% [markdown]
# So draw them at random, and of a size at which a unit's input is neither negligible nor so large that `tanh` is flat.
# `nn.Linear` takes uniform numbers between $-1/\sqrt{D}$ and $1/\sqrt{D}$, where $D$, the *fan-in*, is how many numbers
# a unit takes in; biases too. `init_params` does the same from a key, with a key of its own for each leaf:

# %%
drawn = model.init_params(random.key(0), num_inputs=100, num_hidden=400, num_outputs=1)
for name, bound in [("linear_h.weight", 100**-0.5), ("linear_s.weight", 400**-0.5)]:
    print(f"{name}: bound {bound:.3f}, largest {drawn[name].abs().max():.4f}")
inputs = random.normal(random.key(1), (1000, 100))
print("spread of a unit's input", (inputs @ drawn["linear_h.weight"].T).std())

# %% [markdown]
# The spread is $1/\sqrt 3$, whatever $D$ is: a sum of $D$ terms grows as $\sqrt D$, and the bound shrinks as much.

# %% [markdown]
# ## Pitfalls
#
# !!! warning "Pitfall: a sigmoid at the end"
#     `torch.sigmoid(affine(...))` gives probabilities. There is no error, but the loss applies the sigmoid again, and
#     the network can never be surer than $\sigma(1) = 0.73$. The model gives logits; [lesson 6](06-likelihood.md) says
#     why.
#
# !!! warning "Pitfall: weights of the shape [D, H]"
#     `x @ weight` with a weight `[H, D]` raises `RuntimeError: mat1 and mat2 shapes cannot be multiplied (500x2 and
#     4x2)`. PyTorch keeps a row for each output: transpose it, `x @ weight.T`.
#
# !!! warning "Pitfall: one key for every leaf"
#     With one key for all, the weights of both layers hold the same numbers, scaled: `0.8953, 0.9572, ...` in the one,
#     `0.4477, 0.4786, ...` in the other. Nothing warns you. Split the key first: `keys = random.split(key, 4)`
#     ([lesson 4](04-data.md) says why).
#
# !!! warning "Pitfall: the fan-in of the wrong layer"
#     The bound of `linear_s` is $1/\sqrt{H}$, not $1/\sqrt{D}$: count what goes *into* a unit of that layer. With the
#     wrong one a small network trains all the same, so nobody notices, and a wide one starts with logits far too large.
#
# !!! warning "Pitfall: `super().__init__()` forgotten"
#     `AttributeError: cannot assign module before Module.__init__() call`. Registration needs the machinery that the
#     base class sets up: call it first.
#
# !!! warning "Pitfall: layers in a plain list"
#     `self.layers = [nn.Linear(2, 4), nn.Linear(4, 1)]` registers nothing: `list(module.parameters())` is empty, and an
#     optimizer raises `ValueError: optimizer got an empty parameter list`. Use attributes, or `nn.ModuleList`.
#
# !!! warning "Pitfall: the last axis taken off in the network"
#     `logits` gives `[N, 1]`, also for one output. `.squeeze()` inside the network turns a batch of one into a scalar,
#     and a network with three outputs no longer fits. Take `[..., 0]` where the loss is computed.
#
# !!! warning "Pitfall: x.T where there is more than a matrix"
#     `weight.T` is fine, a weight has two axes. `x.T` on a batch of batches reverses all axes, and torch warns that
#     this is deprecated. Multiply from the right, so that only the last axis of `x` takes part.

# %% [markdown]
# ## Quizzes
#
# ??? question "Quiz: How many parameters has a network 784-128-10?"
#     $128 \cdot 784 + 128 + 10 \cdot 128 + 10 = 101{,}770$. Nearly all of them are in the first layer's weight.
#
# ??? question "Quiz: The 2-4-1 network is fed with x of the shape [K, N, 2]. What shape are the logits, and how many multiplications do they take?"
#     `[K, N, 1]`. Each point takes $4 \cdot 2 + 1 \cdot 4 = 12$ multiplications, so $12 K N$ in all.
#
# ??? question "Quiz: Swap two hidden units: their rows of `linear_h`, and their columns of `linear_s.weight`. What does the network compute now?"
#     The same function. With $H$ units there are $H!$ ways to order them, and `tanh` being odd gives $2^H$ changes of
#     sign as well: $4! \cdot 2^4 = 384$ sets of 17 numbers are one and the same network. So parameters of two trained
#     networks cannot be compared entry by entry, nor averaged.
#
# ??? question "Quiz: Why can two hidden units solve XOR by hand, although training with two often fails?"
#     That a solution exists does not mean that descending from a random start leads to it. With few units there are
#     starts from which every way down ends in a valley that is not the lowest. More units mean more ways.

# %% [markdown]
# ## Exercise
#
# Six pieces: the start, the layer, the network as a function, the network as a module, the bridge between them, and the
# count.

# %% [markdown]
# `init_params` draws the four leaves. Each has a key of its own, and the bound comes from the layer's fan-in.

# %% tags=["student"] function="init_params"

# %% [markdown]
# `affine` is one line. It is asked with one point, with batches, and with batches of batches.

# %% tags=["student"] function="affine"

# %% [markdown]
# `logits` puts the pieces together and ends with an affine layer: no sigmoid.

# %% tags=["student"] function="logits"

# %% [markdown]
# `LogitPredictor` is the same as a module. The names of its layers decide the names of its parameters.

# %% tags=["student"] function="LogitPredictor"

# %% [markdown]
# `functional_logits` runs any module on given parameters, and refuses names that are missing or unknown.

# %% tags=["student"] function="functional_logits"

# %% [markdown]
# `count_parameters` counts the entries of a dict.

# %% tags=["student"] function="count_parameters"

# %% tags=["check"]
from checker import check

check("exercise5")

# %% [markdown]
# ## Where to read on
#
# [Lesson 6](06-likelihood.md) says what a logit means and how wrong it is. [Lesson 7](07-sgd.md) moves the parameters,
# [lesson 10](10-checkpoints.md) carries them from module to dict to file and back, and [lesson 12](12-ensembles.md)
# draws thousands of them at once with `init_params`. The library's forms are in [`xorfunc.model`][xorfunc.model].
