# %% [markdown]
# # How likely the labels are
#
# A network gives a number, a label is 0 or 1, and training needs one number that says how well they fit: how probable
# the labels are, if the network is right. On paper that is a line of algebra; in floating point half of the ways to
# write the line fail, and this lesson is about telling which.

# %% [markdown]
# ## What you will be able to do
#
# - turn a logit into a probability and back, and say why the network gives logits;
# - derive the loss of a Bernoulli likelihood, in probabilities and in logits;
# - name the logits at which a formula rounds, overflows, or loses its gradient, from numbers you have seen;
# - write the loss in three ways that are equal, and say where and by how much they part;
# - derive and check that the gradient in the logit is prediction minus label, and say what that does for training.

# %% [markdown]
# ## Probabilities and logits
#
# The label of an example is 1 with some probability $g$ that depends on $x$. A probability lies between 0 and 1, an
# affine function goes everywhere. The *logistic function* connects them:
#
# $$ g = \sigma(s) = \frac{1}{1 + e^{-s}}, \qquad s = \log \frac{g}{1 - g} $$
#
# $s$ is the **logit**, the logarithm of the odds. At $s = 0$ both labels are equally likely; each step of 1 multiplies
# the odds by $e$. The other label has the opposite logit, $1 - \sigma(s) = \sigma(-s)$. Remember that identity: it is
# the whole trick of this lesson.

# %%
import torch
import torch.nn.functional as F

from xorfunc import data, likelihood, model, optim, plot, random, train, transforms

torch.set_num_threads(1)  # for tensors this small a second thread costs more than it saves
s = torch.tensor([-5.0, -1.0, 0.0, 1.0, 5.0])
print("s          ", s)
print("sigmoid(s) ", torch.sigmoid(s))
print("odds       ", torch.sigmoid(s) / (1 - torch.sigmoid(s)))

# %% [markdown]
# ## The likelihood of labels
#
# One formula covers both labels, because one of the exponents is always zero (Bernoulli):
#
# $$ P(Y = y) = g^{\,y}\, (1 - g)^{1 - y} $$
#
# Its logarithm is what the whole lesson works with. Try it on paper first:
#
# ??? question "Quiz: What is log P(Y = y), written in g?"
#     $$ \log P(Y = y) = y \log g + (1 - y) \log (1 - g) $$
#
#     The logarithm turns powers into factors and the product into a sum. One of the two terms is always zero: the label
#     chooses which logarithm counts.
#
# Examples are independent given their inputs, so the probability of all labels together is a product. A product of a
# thousand numbers below 1 is zero in floating point; its logarithm is a sum, and no trouble:

# %%
g = torch.full((1000,), 0.6)
print("product", g.prod(), " sum of logarithms", g.log().sum())

# %% [markdown]
# So one works with the **log-likelihood**, and since optimizers minimise, with its negative, and since data sets differ
# in size, with the mean:
#
# $$ L = -\frac1N \sum_n \log P(Y = y_n) = -\frac1N \sum_n \big[\, y_n \log g_n + (1 - y_n) \log (1 - g_n) \,\big] $$
#
# That is binary cross-entropy. Its unit is the nat. A model that says $\frac12$ to everything has
# $\ln 2 \approx 0.693$: whenever you see that number, nothing has been learned yet. One that is right and sure
# approaches 0, and one that is wrong and sure has no upper bound.
#
# ### The same in the logit
#
# The network gives $s$, not $g$. The function to know is $\operatorname{softplus}(s) = \log(1 + e^s)$, nearly 0 on the
# left and nearly $s$ on the right.
#
# ??? question "Quiz: What is log P(Y = y), written in s, with softplus and without a sigmoid?"
#     For $y = 1$ it is $\log \sigma(s) = -\log(1 + e^{-s}) = -\operatorname{softplus}(-s)$, and for $y = 0$ it is
#     $\log \sigma(-s) = -\operatorname{softplus}(s)$. Now $1 + e^{-s} = e^{-s} (1 + e^s)$, so
#     $\operatorname{softplus}(-s) = \operatorname{softplus}(s) - s$, and both cases are one expression:
#
#     $$ \log P(Y = y) = y\, s - \operatorname{softplus}(s) $$
#
#     Another form turns the sign of the logit by the label: $\log \sigma\big((2 y - 1)\, s\big)$.
#
# Check your answer against this, for a logit of 2. The columns are the formula in $g$, the two in $s$, and the
# library's function:

# %%
s = torch.tensor([2.0, 2.0])
y = torch.tensor([1, 0])
g = torch.sigmoid(s)
print(y * torch.log(g) + (1 - y) * torch.log(1 - g))
print(y * s - F.softplus(s), F.logsigmoid((2 * y - 1) * s), likelihood.log_prob(s, y))

# %% [markdown]
# No probability is left in the forms in $s$, and that will matter.
#
# ### The gradient is prediction minus label
#
# The loss of one example is $\ell(s) = \operatorname{softplus}(s) - y\, s$. Its derivative takes one line, as
# $\frac{d}{ds} \log(1 + e^s) = \frac{e^s}{1 + e^s} = \sigma(s)$:
#
# $$ \frac{\partial \ell}{\partial s} = \sigma(s) - y $$
#
# and for the mean over $N$ examples each entry is divided by $N$. Check it with `grad`, and with the difference
# quotient of the loss in float64, which knows no calculus at all:

# %%
s = torch.tensor([-4.0, 0.0, 3.0], dtype=torch.float64)
y = torch.tensor([1, 1, 0])
print("sigma(s) - y  ", torch.sigmoid(s) - y)
print("grad, times N ", torch.func.grad(likelihood.loss_bce)(s, y) * len(s))
e = 1e-6 * torch.eye(3, dtype=torch.float64)
difference = [likelihood.loss_bce(s + step, y) - likelihood.loss_bce(s - step, y) for step in e]
print("difference    ", torch.stack(difference) / 2e-6 * len(s))

# %% [markdown]
# The gradient is never larger than 1. It is near zero where the network is right, and stays near $\pm 1$ where it is
# wrong, however badly. Its own derivative, $\sigma(s)\,\sigma(-s)$, is positive: as a function of $s$ the
# loss is convex.

# %% alt="Two curves over the logit from -8 to 8: the loss of label 1 falls from 8 to nearly 0, the loss of label 0 rises as its mirror image; they cross at the logit 0 with the value 0.69."
from matplotlib.figure import Figure

s = torch.linspace(-8, 8, 101)
figure = Figure(figsize=(6.4, 3.6), layout="constrained")
axes = figure.subplots()
axes.plot(s, F.softplus(-s), "-", color=plot.VERMILION, label="y = 1")
axes.plot(s, F.softplus(s), "--", color=plot.BLUE, label="y = 0")
axes.set(xlabel="logit s", ylabel="-log P(Y = y), nats")
axes.legend(frameon=False)
figure

# %% [markdown]
# ### Why not the squared error?
#
# $(\sigma(s) - y)^2$ also says how far off a prediction is. Its gradient in $s$ has one factor more,
# $2\, (\sigma(s) - y)\, \sigma(s)\, \sigma(-s)$, and that factor vanishes wherever the network is *sure*, right or
# wrong. Here is a network that was trained on exactly the wrong labels, and has to learn the right ones. Both trainings
# take the same steps of full-batch descent, at the rate 1, and both curves show the log-likelihood's loss. (Each step
# sees all the data, so a step is an epoch.)


# %%
def by_likelihood(params, x, y):
    return likelihood.loss_bce(model.logits(params, x)[:, 0], y)


def by_square(params, x, y):
    return (torch.sigmoid(model.logits(params, x)[:, 0]) - y).square().mean()


# %%
x, y = data.continuous_xor(random.key(6), 500, 0.1)
start = model.init_params(random.key(1), num_inputs=2, num_hidden=4, num_outputs=1)
adam = optim.adam(0.05)
wrong, _ = train.fit(random.key(2), by_likelihood, start, x, 1 - y, optimizer=adam, num_epochs=60)
print("logits", model.logits(wrong, x)[:4, 0], "labels", y[:4])


# %%
def relearned(loss_fn):
    params, losses = wrong, []
    for _ in range(200):
        losses.append(by_likelihood(params, x, y))
        _, grads = transforms.value_and_grad(loss_fn)(params, x, y)
        params = optim.sgd_update(params, grads, lr=1.0)
    return torch.stack(losses)


# %% alt="Two curves of the loss over 200 steps on a logarithmic axis, both from 5.7. The one that follows the likelihood falls below 0.1 in about a dozen steps and ends below 0.01. The one that follows the squared error is flat for some sixty steps, drops to 3, and is nearly flat again to the end."
plot.loss_curves({"likelihood": relearned(by_likelihood), "squared error": relearned(by_square)})

# %% [markdown]
# ## Where floating point parts from paper
#
# float32 keeps about seven digits. Just below 1 its numbers are $6 \cdot 10^{-8}$ apart, so a sigmoid closer to 1 than
# that *is* 1:

# %%
s = torch.tensor([10.0, 16.0, 17.0, 20.0, 100.0])
print("1 - sigmoid(s)      ", 1 - torch.sigmoid(s))
print("log(1 - sigmoid(s)) ", torch.log(1 - torch.sigmoid(s)))
print("logsigmoid(-s)      ", F.logsigmoid(-s))

# %% [markdown]
# At 10 the first way is wrong in the fifth digit, at 16 in the third, and from 17 on it gives $-\infty$. On the other
# side there is more room, as floats are dense near zero. But the exponential of 89 is beyond the largest float32,
# $3.4 \cdot 10^{38}$, and with it goes whatever is built on it:

# %%
s = torch.tensor([-50.0, -88.0, -89.0, -104.0])
print("exp(-s)             ", torch.exp(-s))
print("log(sigmoid(s))     ", torch.log(torch.sigmoid(s)))
print("-log(1 + exp(-s))   ", -torch.log(1 + torch.exp(-s)))
print("logsigmoid(s)       ", F.logsigmoid(s))
print("softplus(-s)        ", F.softplus(-s))

# %% [markdown]
# An infinite loss is at least loud. The *gradient* is the quieter victim, and it is what training lives on. Here are
# five ways to write $\log P(Y = 1)$, with their values and gradients far on the wrong side, at $s = -120$:

# %%
WAYS = {
    "log(sigmoid(s))": lambda s: torch.log(torch.sigmoid(s)),
    "log(sigmoid(s) + 1e-8)": lambda s: torch.log(torch.sigmoid(s) + 1e-8),
    "log(clamp(sigmoid(s), 1e-7))": lambda s: torch.log(torch.sigmoid(s).clamp(min=1e-7)),
    "-log(1 + exp(-s))": lambda s: -torch.log(1 + torch.exp(-s)),
    "logsigmoid(s)": F.logsigmoid,
}
for name, way in WAYS.items():
    gradient, value = torch.func.grad_and_value(way)(torch.tensor(-120.0))
    print(f"{name:30} value {value:8.2f}   gradient {gradient:6.3f}")

# %% [markdown]
# The right answer is $-120$, with a gradient of 1. An epsilon hides the infinity and puts a floor there: the value is
# wrong, and the gradient says "all is well" to the one example that is most wrong. A clamp does the same. Both are
# worse than an error, because nobody sees them.
#
# ### How logsigmoid does it
#
# $$ \log \sigma(s) = \min(s, 0) - \log\big(1 + e^{-|s|}\big) $$
#
# The exponential is taken only of numbers that are not positive, so it cannot overflow, and `log1p` keeps the digits of
# what is small beside 1. The part that grows without bound, $\min(s, 0)$, needs no exponential at all. `F.softplus` has
# another way: above its `threshold=20` it gives $s$ itself. What it leaves out is less than
# $e^{-20} = 2 \cdot 10^{-9}$, nothing in float32 and the tenth digit in float64.
#
# === "torch"
#
#     ```python
#     F.logsigmoid(s)                                    # log P(Y = 1)
#     F.logsigmoid(-s)                                   # log P(Y = 0)
#     F.softplus(s) - y * s                              # the loss of one example
#     F.binary_cross_entropy_with_logits(s, y.float())   # their mean
#     ```
#
# === "JAX"
#
#     ```python
#     jax.nn.log_sigmoid(s)
#     jax.nn.log_sigmoid(-s)
#     jax.nn.softplus(s) - y * s
#     optax.sigmoid_binary_cross_entropy(s, y).mean()
#     ```
#
# That is why the network ends in an affine layer. If it ended in a sigmoid, the digits would be lost before the loss is
# asked.
#
# ## Three losses that are one
#
# `log_prob` chooses between the two log-probabilities; a minus and a mean make the loss. The exercise has you write it
# three times, because you will meet all three:
#
# | form | reads as | use it when |
# |---|---|---|
# | `where` | for label 1 this, for label 0 that | you choose between cases |
# | `Bernoulli(logits=s).log_prob(y)` | what is the probability of y? | no ready-made loss exists: other distributions work the same way |
# | `binary_cross_entropy_with_logits` | the ready-made one | you train a binary classifier |

# %%
data_key, init_key = random.split(random.key(6))
x, y = data.continuous_xor(data_key, 1000, 0.1)
params = model.init_params(init_key, num_inputs=2, num_hidden=4, num_outputs=1)
s = model.logits(params, x)[:, 0]
for loss in (likelihood.loss_where, likelihood.loss_bernoulli, likelihood.loss_bce):
    print(f"{loss.__name__:15} {loss(s, y):.6f}")

# %% [markdown]
# An untrained network: near $\ln 2$, as it should be. They agree far out, too, in value and in gradient:

# %%
far, labels = torch.tensor([-10_000.0, 300.0]), torch.tensor([1, 0])
for loss in (likelihood.loss_where, likelihood.loss_bernoulli, likelihood.loss_bce):
    gradient, value = torch.func.grad_and_value(loss)(far, labels)
    print(f"{loss.__name__:15} {value:.1f}  {gradient}")

# %% [markdown]
# ### Where they part
#
# Equal on paper is not equal in the last digits. Here is the loss of one example that the network has right, for both
# labels: $\log(1 + e^{-15})$ in both cases.

# %%
forms = {
    "where": likelihood.loss_where,
    "bernoulli": likelihood.loss_bernoulli,
    "bce": likelihood.loss_bce,
    "softplus(s) - y s": lambda s, y: (F.softplus(s) - y * s).mean(),
}
for name, loss in forms.items():
    losses = [loss(torch.tensor([logit]), torch.tensor([label])).item() for logit, label in ((15.0, 1), (-15.0, 0))]
    print(f"{name:18} s = 15, y = 1: {losses[0]:.3e}   s = -15, y = 0: {losses[1]:.3e}")

# %% [markdown]
# Only `where` has it right both times. The formula with softplus subtracts 15 from $15.0000003$, of which float32 has
# kept 15. PyTorch's ready-made loss is written as $(1 - y)\, s - \log \sigma(s)$, which does the same for the *other*
# label; and `Bernoulli` calls it. All of the small number is lost, but it was small: between $-30$ and $30$ no form is
# off by more than $10^{-6}$. Training does not notice. A comparison by *relative* error does, and a plot of the
# loss on a logarithmic axis, which ends in zeros. So compare losses with an absolute tolerance.
#
# ### The trap in torch.where
#
# `torch.where(condition, a, b)` computes *both* branches, for every entry, and picks. The gradient of the branch that
# was not picked is multiplied by zero. If that gradient is infinite, the product is not zero but NaN:


# %%
def unsafe(s):
    return torch.where(s > 0, -torch.log(1 + torch.exp(-s)), s - torch.log(1 + torch.exp(s)))


print("values   ", unsafe(torch.tensor([-100.0, 100.0])))
print("gradients", torch.func.grad(lambda s: unsafe(s).sum())(torch.tensor([-100.0, 100.0])))

# %% [markdown]
# The values are right, so no test of values finds it. Make both branches finite everywhere, as `logsigmoid(s)` and
# `logsigmoid(-s)` are, and choose between those.

# %% [markdown]
# ## Pitfalls
#
# !!! warning "Pitfall: a sigmoid too many"
#     `F.binary_cross_entropy_with_logits(torch.sigmoid(s), y)` runs, and trains badly: a label 1 costs at least
#     $\operatorname{softplus}(-1) = 0.31$ and a label 0 at least $0.69$. The name says what it wants: logits. So does
#     `F.logsigmoid`.
#
# !!! warning "Pitfall: logits for probabilities"
#     The first argument of `Bernoulli` is `probs`. `Bernoulli(s)` raises `ValueError: Expected parameter probs (Tensor
#     of shape (2,)) of distribution Bernoulli(probs: torch.Size([2])) to satisfy the constraint
#     Interval(lower_bound=0.0, upper_bound=1.0)`, if some logit is out of that range. Name it: `Bernoulli(logits=s)`.
#     `F.binary_cross_entropy(s, y)` raises `RuntimeError: all elements of input should be between 0 and 1`.
#
# !!! warning "Pitfall: the sigmoid first, the loss that takes probabilities second"
#     `F.binary_cross_entropy(torch.sigmoid(s), y)` cuts its logarithm off at $-100$, and `Bernoulli(probs=...)` at
#     $-15.94$. At $s = -200$ and $y = 1$ both give no error, a wrong value and a gradient of zero.
#
# !!! warning "Pitfall: integer labels"
#     `F.binary_cross_entropy_with_logits(s, y)` with int64 labels raises `RuntimeError: result type Float can't be cast
#     to the desired output type Long`, and so does `Bernoulli(logits=s).log_prob(y)`. Convert them to the dtype of the
#     logits: `y.to(s.dtype)`. (`y.float()` would bring float64 logits down to float32 labels.) `torch.where` is the
#     other way round and wants bools: `RuntimeError: where expected condition to be a boolean tensor, but got a tensor
#     with dtype Long`. Write `y == 1`.
#
# !!! warning "Pitfall: logits [N, 1] beside labels [N]"
#     `ValueError: Target size (torch.Size([1000])) must be the same as input size (torch.Size([1000, 1]))`, if you are
#     lucky. `Bernoulli` and a loss written by hand broadcast them to `[N, N]` and average a million pairs. Take `[:,
#     0]` first.
#
# !!! warning "Pitfall: cross_entropy for one logit"
#     `F.cross_entropy(s[:, None], y)` takes the one logit for one class: `IndexError: Target 1 is out of bounds.` And
#     `F.cross_entropy(s, y.float())` takes the *batch* for the classes, and gives a number. The softmax of $(0, s)$ is
#     $\sigma(s)$: what a classifier of two classes needs beside $s$ is 0, not $-s$.
#
# !!! warning "Pitfall: the sum for the mean"
#     A summed loss has gradients that grow with the batch, and a learning rate that works for 16 examples may be eight
#     times too large for 128.

# %% [markdown]
# ## Quizzes
#
# ??? question "Quiz: A model says g = 0.9 and the label is 1. What is the loss? And if the label is 0?"
#     $-\ln 0.9 = 0.105$ and $-\ln 0.1 = 2.303$. Being wrong costs 22 times as much as being right.
#
# ??? question "Quiz: Differentiate -[y log g + (1 - y) log(1 - g)] with respect to g, and then with respect to s."
#     In $g$: $(g - y) / (g (1 - g))$, which blows up where the model is sure. In $s$ multiply by
#     $dg/ds = g (1 - g)$: what is left is $g - y$. The logit takes the sting out.
#
# ??? question "Quiz: Your training starts with a loss of 0.693 and stays there. What do you check?"
#     $\ln 2$ is the loss of a model that says one half to everything. Is the gradient reaching the parameters (a
#     `detach`, a clamp)? Are all weights zero, or equal? Is the learning rate tiny? Are the labels shuffled apart from
#     the inputs?
#
# ??? question "Quiz: Labels are 30 % ones. What is the loss of the best model that ignores x?"
#     It says 0.3: $-(0.3 \ln 0.3 + 0.7 \ln 0.7) = 0.611$, the entropy of the labels. A model that is to be of use must
#     be below that.

# %% [markdown]
# ## Exercise
#
# Six functions, all of which must be finite and accurate, value and gradient, for logits up to ten thousand.

# %% [markdown]
# `log_prob_one` gives $\log P(Y = 1)$ for each logit, in any shape.

# %% tags=["student"] function="log_prob_one"

# %% [markdown]
# `log_prob_zero` gives $\log P(Y = 0)$. Which logit does the other label have?

# %% tags=["student"] function="log_prob_zero"

# %% [markdown]
# `log_prob` chooses between them by the label, entry by entry; labels are int64.

# %% tags=["student"] function="log_prob"

# %% [markdown]
# `loss_where` is the mean negative log-likelihood, a scalar, built with `torch.where`. Mind the branch that is not
# taken.

# %% tags=["student"] function="loss_where"

# %% [markdown]
# `loss_bernoulli` is the same number, asked of a `torch.distributions.Bernoulli`. Say that you have logits.

# %% tags=["student"] function="loss_bernoulli"

# %% [markdown]
# `loss_bce` is the same again, ready-made. Of the two binary cross-entropies in `torch.nn.functional`, take the one for
# logits.

# %% tags=["student"] function="loss_bce"

# %% tags=["check"]
from checker import check

check("exercise6")

# %% [markdown]
# ## Where to read on
#
# [Lesson 7](07-sgd.md) follows the gradient of this loss downhill, [lesson 9](09-evaluation.md) turns logits into
# decisions, and [lesson 12](12-ensembles.md) averages probabilities, not logits. The library's forms are in
# [`xorfunc.likelihood`][xorfunc.likelihood].
