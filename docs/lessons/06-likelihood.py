# %% [markdown]
# # How likely the labels are
#
# A network gives a number, a label is 0 or 1, and training needs one number that says how well they fit. It comes from one
# question: how probable are these labels, if the network is right? On paper the answer is a line of algebra. In floating
# point, half of the ways to write that line fail, and the lesson is about telling which.

# %% [markdown]
# ## What you will be able to do
#
# - turn a logit into a probability and back, and say why the network gives logits;
# - derive the loss of a Bernoulli likelihood, in probabilities and in logits;
# - name the logits at which a formula rounds, overflows, or loses its gradient, from numbers you have seen;
# - write the loss in three ways that are equal, and know which one to use;
# - say what a loss of 0.693 means, and why the gradient in the logit is so simple.

# %% [markdown]
# ## Probabilities and logits
#
# The label of an example is 1 with some probability $g$ that depends on $x$. A probability lies between 0 and 1, an affine
# function goes everywhere. The *logistic function* connects them:
#
# $$ g = \sigma(s) = \frac{1}{1 + e^{-s}}, \qquad s = \log \frac{g}{1 - g} $$
#
# $s$ is the **logit**, the logarithm of the odds. At $s = 0$ both labels are equally likely; each step of 1 multiplies the
# odds by $e$. The other label has the opposite logit, $1 - \sigma(s) = \sigma(-s)$. Remember that identity: it is the whole
# trick of this lesson.

# %%
import torch
import torch.nn.functional as F

from xorfunc import data, likelihood, model, random

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
# Examples are independent given their inputs, so the probability of all labels together is a product. A product of a
# thousand numbers below 1 is zero in floating point; its logarithm is a sum, and no trouble:

# %%
g = torch.full((1000,), 0.6)
print("product", g.prod(), " sum of logarithms", g.log().sum())

# %% [markdown]
# So one works with the **log-likelihood**, and since optimizers minimise, with its negative, and since data sets differ in
# size, with the mean:
#
# $$ L = -\frac1N \sum_n \log P(Y = y_n) = -\frac1N \sum_n \big[\, y_n \log g_n + (1 - y_n) \log (1 - g_n) \,\big] $$
#
# That is binary cross-entropy. Its unit is the nat. A model that says $\frac12$ to everything has $\ln 2 \approx 0.693$:
# whenever you see that number, nothing has been learned yet. One that is right and sure approaches 0, and one that is wrong
# and sure has no upper bound.
#
# ### The same in the logit
#
# Put $g = \sigma(s)$ into the bracket. For $y = 1$:
#
# $$ \log g = -\log(1 + e^{-s}), \qquad\text{and for } y = 0: \quad \log(1 - g) = -\log(1 + e^{s}) . $$
#
# With $\operatorname{softplus}(s) = \log(1 + e^s)$, and $\operatorname{softplus}(-s) = \operatorname{softplus}(s) - s$, both
# are one expression:
#
# $$ -\log P(Y = y) = \operatorname{softplus}(s) - y\, s $$
#
# No probability is left in it. And its derivative is as short as can be:
#
# $$ \frac{\partial}{\partial s}\big[\operatorname{softplus}(s) - y s\big] = \sigma(s) - y . $$
#
# The gradient in the logit is *prediction minus label*. It is never larger than 1, it is near zero where the network is
# right, and it stays near $\pm 1$ where the network is badly wrong, however badly. `grad` agrees:

# %%
s = torch.tensor([-4.0, 0.0, 3.0])
y = torch.tensor([1, 1, 0])
print(torch.func.grad(lambda s: likelihood.loss_bce(s, y) * len(s))(s))
print(torch.sigmoid(s) - y)

# %% alt="Two curves over the logit from -8 to 8: the loss of label 1 falls from 8 to nearly 0, the loss of label 0 rises as its mirror image; they cross at the logit 0 with the value 0.69."
from matplotlib.figure import Figure

s = torch.linspace(-8, 8, 101)
figure = Figure(figsize=(6.4, 3.6), layout="constrained")
axes = figure.subplots()
axes.plot(s, F.softplus(-s), "-", color="#d55e00", label="label 1")
axes.plot(s, F.softplus(s), "--", color="#0072b2", label="label 0")
axes.set(xlabel="logit s", ylabel="-log P(Y = y), nats")
axes.legend()
figure

# %% [markdown]
# ## Where floating point parts from paper
#
# float32 keeps about seven digits. Near 1 its numbers are $6 \cdot 10^{-8}$ apart, so a sigmoid closer to 1 than that *is* 1:

# %%
s = torch.tensor([10.0, 16.0, 17.0, 20.0, 100.0])
print("1 - sigmoid(s)      ", 1 - torch.sigmoid(s))
print("log(1 - sigmoid(s)) ", torch.log(1 - torch.sigmoid(s)))
print("logsigmoid(-s)      ", F.logsigmoid(-s))

# %% [markdown]
# From $s = 17$ on the first way gives $-\infty$. On the other side the sigmoid itself rounds to zero, later, and the
# exponential overflows:

# %%
s = torch.tensor([-50.0, -88.0, -89.0, -104.0])
print("log(sigmoid(s))     ", torch.log(torch.sigmoid(s)))
print("-log(1 + exp(-s))   ", -torch.log(1 + torch.exp(-s)))
print("logsigmoid(s)       ", F.logsigmoid(s))

# %% [markdown]
# An infinite loss is at least loud. The *gradient* is the quieter victim, and it is what training lives on. Here are five
# ways to write $\log P(Y = 1)$, with their values and gradients at a logit that a badly wrong network easily reaches:

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
# The right answer is $-120$, with a gradient of 1. An epsilon hides the infinity and puts a floor there: the value is wrong,
# and the gradient says "all is well" to the one example that is most wrong. A clamp does the same. Both are worse than an
# error, because nobody sees them.
#
# ### How logsigmoid does it
#
# $$ \log \sigma(s) = \min(s, 0) - \log\big(1 + e^{-|s|}\big) $$
#
# The exponential is taken only of numbers that are not positive, so it cannot overflow, and `log1p` keeps the digits of what
# is small beside 1. The part that grows without bound, $\min(s, 0)$, needs no exponential at all.
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
# ### The trap in torch.where
#
# `torch.where(condition, a, b)` computes *both* branches, for every entry, and picks. The gradient of the branch that was
# not picked is multiplied by zero. If that gradient is infinite, the product is not zero but NaN:


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
#     `F.binary_cross_entropy_with_logits(torch.sigmoid(s), y)` runs, and trains badly: the loss cannot fall below
#     $\operatorname{softplus}(-1) = 0.31$. The name says what it wants: logits.
#
# !!! warning "Pitfall: integer labels"
#     `F.binary_cross_entropy_with_logits(s, y)` with int64 labels raises `RuntimeError: result type Float can't be cast to the
#     desired output type Long`. Convert them to the dtype of the logits: `y.to(s.dtype)`.
#
# !!! warning "Pitfall: logits [N, 1] beside labels [N]"
#     `ValueError: Target size (torch.Size([1000])) must be the same as input size (torch.Size([1000, 1]))`, if you are lucky.
#     A loss written by hand broadcasts them to `[N, N]` and averages a million pairs. Take `[:, 0]` first.
#
# !!! warning "Pitfall: log of a probability"
#     `torch.log(p)` is the place where it breaks, whatever is around it. If a logit is at hand, start from the logit.
#
# !!! warning "Pitfall: the sum for the mean"
#     A summed loss has gradients that grow with the batch, and the learning rate that worked for 16 examples explodes for
#     128.

# %% [markdown]
# ## Quizzes
#
# ??? question "A model says g = 0.9 and the label is 1. What is the loss? And if the label is 0?"
#     $-\ln 0.9 = 0.105$ and $-\ln 0.1 = 2.303$. Being wrong costs 22 times as much as being right.
#
# ??? question "Differentiate -[y log g + (1 - y) log(1 - g)] with respect to g, and then with respect to s."
#     In $g$: $(g - y) / (g (1 - g))$, which blows up where the model is sure. In $s$ multiply by
#     $dg/ds = g (1 - g)$: what is left is $g - y$. The logit takes the sting out.
#
# ??? question "Your training starts with a loss of 0.693 and stays there. What do you check?"
#     $\ln 2$ is the loss of a model that says one half to everything. Is the gradient reaching the parameters (a `detach`,
#     a clamp)? Are all weights zero, or equal? Is the learning rate tiny? Are the labels shuffled apart from the inputs?
#
# ??? question "Labels are 30 % ones. What is the loss of the best model that ignores x?"
#     It says 0.3: $-(0.3 \ln 0.3 + 0.7 \ln 0.7) = 0.611$, the entropy of the labels. A model that is to be of use must be
#     below that.

# %% [markdown]
# ## Exercise
#
# Six functions, all of which must be finite and accurate, value and gradient, for logits up to ten thousand.

# %% [markdown]
# `log_prob_one` and `log_prob_zero` are the two log-probabilities.

# %% tags=["student"] function="log_prob_one"

# %% tags=["student"] function="log_prob_zero"

# %% [markdown]
# `log_prob` chooses between them by the label.

# %% tags=["student"] function="log_prob"

# %% [markdown]
# The loss in its three forms: by `torch.where`, through a distribution, and ready-made.

# %% tags=["student"] function="loss_where"

# %% tags=["student"] function="loss_bernoulli"

# %% tags=["student"] function="loss_bce"

# %% tags=["check"]
from checker import check

check("exercise6")

# %% [markdown]
# ## Where to read on
#
# [Lesson 7](07-sgd.md) follows the gradient of this loss downhill, [lesson 9](09-evaluation.md) turns logits into decisions,
# and [lesson 12](12-ensembles.md) averages probabilities, not logits. The library's forms are in
# [`xorfunc.likelihood`][xorfunc.likelihood].
