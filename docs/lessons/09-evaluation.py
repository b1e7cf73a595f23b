# %% [markdown]
# # What the network is worth
#
# The network is trained; now it decides, and you judge its decisions. A single number says how often it is right. This
# lesson is about that number, about what it hides, and about the places in the plane where nobody can know.

# %% [markdown]
# ## What you will be able to do
#
# - turn logits into decisions and probabilities, with the threshold in the right place;
# - give an accuracy with its uncertainty, from data that comes in batches, without building a graph;
# - read a confusion matrix, and move a threshold on purpose;
# - draw where a network decides, and get the axes right;
# - see a network learn by heart, and say what is the best that any network could do;
# - say what a trained network tells you far from its data: nothing, with confidence.

# %% [markdown]
# ## A network to judge
#
# The noise is larger than usual here (0.3), so that the classes overlap and there are mistakes to look at. There are
# two sets of points from two keys: one to learn from, and one that the network never sees in training.

# %%
import math

import torch

from xorfunc import data, likelihood, model, optim, plot, random, step, train
from xorfunc import evaluate as evaluation  # `evaluate` will be a function of yours

torch.set_num_threads(1)
STD = 0.3
data_key, test_key, init_key, fit_key = random.split(random.key(9), 4)
x, y = data.continuous_xor(data_key, 500, STD)
x_test, y_test = data.continuous_xor(test_key, 2000, STD)


# %%
def logits_fn(params, x):
    return model.logits(params, x)[:, 0]


def loss_fn(params, x, y):
    return likelihood.loss_bce(logits_fn(params, x), y)


start = model.init_params(init_key, num_inputs=2, num_hidden=8, num_outputs=1)
adam = optim.adam(0.05)
params, losses = train.fit(fit_key, loss_fn, start, x, y, optimizer=adam, num_epochs=60)

# %% [markdown]
# ## From a logit to a decision
#
# A logit $s$ stands for $P(Y=1) = \sigma(s)$ ([lesson 6](06-likelihood.md)). Decide for 1 where that is at least one
# half. Since $\sigma$ rises and $\sigma(0) = \tfrac12$, this is exactly where $s \ge 0$: a decision needs no sigmoid.

# %%
s = logits_fn(params, x_test)
print("logits       ", s[:4])
print("probabilities", torch.sigmoid(s[:4]))
print("decisions    ", evaluation.predict(s[:4]), "labels", y_test[:4])

# %% [markdown]
# The accuracy is the fraction of right decisions. For data in batches, count what is right, count examples, and divide
# once at the end. Evaluation differs from training in three ways: nothing is differentiated, nothing is updated, and a
# module is in eval mode.
#
# === "functional"
#
#     ```python
#     with torch.no_grad():
#         right = sum((logits_fn(params, xb) >= 0).eq(yb).sum().item() for xb, yb in batches)
#     accuracy = right / sum(len(yb) for _, yb in batches)
#     ```
#
# === "nn.Module"
#
#     ```python
#     module.eval()          # dropout off, batch norm by its running statistics
#     with torch.no_grad():  # no graph: less memory, less time
#         right = sum((module(xb).squeeze(-1) >= 0).eq(yb).sum().item() for xb, yb in batches)
#     accuracy = right / sum(len(yb) for _, yb in batches)
#     ```
#
# === "JAX"
#
#     ```python
#     # Nothing to switch off: a gradient exists only where jax.grad asks for one.
#     right = sum(int(((logits_fn(params, xb) >= 0) == yb).sum()) for xb, yb in batches)
#     accuracy = right / sum(len(yb) for _, yb in batches)
#     ```

# %%
batches = list(zip(x_test.split(300), y_test.split(300), strict=True))
print([len(yb) for _, yb in batches])
print("evaluate      ", evaluation.evaluate(logits_fn, params, batches))
print("mean of means ", sum(evaluation.accuracy(logits_fn(params, xb), yb).item() for xb, yb in batches) / len(batches))
print("on the training data", evaluation.accuracy(logits_fn(params, x), y).item())

# %% [markdown]
# The mean of means is another number, as the last batch of 200 counts as much as one of 300.
#
# An accuracy is an estimate from $N$ draws, each right with probability $p$, and has a standard error of
# $\sqrt{p (1 - p) / N}$. Here are test sets of 100 points from ten keys, and then the error to expect:

# %%
small = [data.continuous_xor(random.fold_in(test_key, i), 100, STD) for i in range(10)]
print([round(evaluation.accuracy(logits_fn(params, xs), ys).item(), 2) for xs, ys in small])
p = evaluation.accuracy(s, y_test).item()
for num in (100, 2000):
    print(f"standard error with {num} points: {math.sqrt(p * (1 - p) / num):.3f}")

# %% [markdown]
# With 100 points, 0.88 and 0.93 are the same result. Before you call one network better than another by a hundredth,
# count the points.
#
# ## Which mistakes
#
# The confusion matrix counts them by class: a row for each true class, a column for each decision. What is right stands
# on the diagonal.

# %%
print(evaluation.confusion_matrix(evaluation.predict(s), y_test))
print("always 1:", evaluation.confusion_matrix(torch.ones_like(y_test), y_test).tolist())
rare = (y_test == 0) | (torch.arange(len(y_test)) % 20 == 0)  # keep one in twenty of class 1
always_0 = torch.zeros_like(y_test[rare])
print("always 0, where 1 is rare:", evaluation.confusion_matrix(always_0, y_test[rare]).tolist())
print("accuracy:", (always_0 == y_test[rare]).float().mean())

# %% [markdown]
# The last two networks have learned nothing. The first of them has an accuracy of about one half, which gives it away.
# The second has 95 %, because one class is rare. The matrix shows both at a glance: a column is empty.
#
# If one kind of mistake costs more than the other, move the threshold. "Decide for 1 where $P(Y=1) \ge t$" is
# $s \ge \log \frac{t}{1-t}$ in logits:

# %%
for t in (0.1, 0.5, 0.9):
    decided = (s >= math.log(t / (1 - t))).long()
    (tn, fp), (fn, tp) = evaluation.confusion_matrix(decided, y_test).tolist()
    print(f"t {t}: false alarms {fp:3}  missed {fn:3}  recall {tp / (tp + fn):.2f}  precision {tp / (tp + fp):.2f}")

# %% [markdown]
# Recall is the fraction of ones that were found, precision the fraction of alarms that were right. A threshold trades
# one for the other; a better network improves both. One half makes the fewest mistakes in all, if the probabilities can
# be believed.
#
# ## Where it decides
#
# Two inputs have one great advantage: all that the network believes can be drawn.
# [`probability_grid`][xorfunc.evaluate.probability_grid] asks it on a square grid. A row of the result is a value of
# $x_2$, from low to high, and a column is a value of $x_1$. A model that looks at $x_1$ alone shows which is which:


# %%
def by_x1(params, x):
    return params["w"] * x[:, 0]


evaluation.probability_grid(by_x1, {"w": torch.tensor(2.0)}, low=-1, high=1, steps=3)

# %% alt="Probability of class 1 over the square from -1 to 2, with the training points: two blue regions at the corners (0, 0) and (1, 1), two orange ones at (0, 1) and (1, 0), with narrow pale seams between them along which the black line of one half runs. Most points of the wrong colour lie near the seams."
grid = evaluation.probability_grid(logits_fn, params, low=-1, high=2, steps=121)
plot.decision_boundary(grid, x, y, low=-1, high=2)

# %% [markdown]
# Nearly all mistakes are near the seams. Some points lie deep in the wrong colour, and no network can help them: their
# noise carried them to another corner.
#
# ## The best that can be done
#
# Here, and only because the data is our own, the right answer is known. Around each corner $c$ the points are normal
# with variance $\sigma^2$, so that by Bayes' rule
#
# $$ P(Y=1 \mid x) = \frac{\sum_{c:\, y(c)=1} e^{-|x-c|^2 / 2\sigma^2}}{\sum_{c} e^{-|x-c|^2 / 2\sigma^2}} . $$

# %%
corners = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def true_logits(x):
    near = -(x[:, None] - corners).square().sum(-1) / (2 * STD**2)  # [N, 4]
    return torch.logsumexp(near[:, [1, 2]], 1) - torch.logsumexp(near[:, [0, 3]], 1)


print("best possible", evaluation.accuracy(true_logits(x_test), y_test).item(), "network", p)
print("best loss    ", likelihood.loss_bce(true_logits(x_test), y_test), "network", loss_fn(params, x_test, y_test))

# %% [markdown]
# About one label in ten cannot be guessed from its point. A network that is right more often than that on some data has
# seen the data.
#
# ## Learned by heart
#
# Give a network of 32 hidden units only 60 points, and many steps. The loss is recorded on both sets:

# %%
x_few, y_few = data.continuous_xor(data_key, 60, STD)
by_heart = model.init_params(init_key, num_inputs=2, num_hidden=32, num_outputs=1)
state, on_train, on_test = adam.init(by_heart), [], []

# %%
for _ in range(400):
    on_test.append(loss_fn(by_heart, x_test, y_test))
    by_heart, state, loss = step.optimizer_step(loss_fn, adam, by_heart, state, x_few, y_few)
    on_train.append(loss)
for name, xs, ys in (("training", x_few, y_few), ("test", x_test, y_test)):
    print(name, "accuracy", evaluation.accuracy(logits_fn(by_heart, xs), ys).item())
lowest = int(torch.stack(on_test).argmin())
print(f"test loss {on_test[lowest]:.3f} after {lowest} steps, {on_test[-1]:.3f} after all")

# %% alt="Two loss curves on a logarithmic axis. The training loss falls steadily to about 0.001. The test loss falls with it for some 25 steps, to 0.26, then turns and rises above 1."
plot.loss_curves({"training": torch.stack(on_train), "test": torch.stack(on_test)})

# %% alt="The network that learned 60 points by heart: all of the plane is deep blue or deep orange, with hardly any pale seam, and the boundary bends around single points."
grid = evaluation.probability_grid(logits_fn, by_heart, low=-1, high=2, steps=121)
plot.decision_boundary(grid, x_few, y_few, low=-1, high=2)

# %% [markdown]
# The boundary bends around single points, and the pale seams are gone: the network is certain everywhere. On its own
# 60 points that is justified, on others it is not. Only the curve of the *test* loss shows it. (If you use that curve
# to choose when to stop, it is no longer a test. Take a third set for the choice.)
#
# ## Calibration, in a few words
#
# A network is calibrated if of all points for which it says 0.8, four in five are ones. Put the predictions into bins
# and compare what was said with what was:


# %%
def reliability(s, y):
    said = torch.sigmoid(s)
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.7), (0.7, 0.9), (0.9, 1.0)):
        inside = (said >= low) & (said <= high)
        print(f"  {int(inside.sum()):4} points: said {said[inside].mean():.2f}, was {y[inside].float().mean():.2f}")


print("500 points, 8 units")
reliability(s, y_test)
print("60 points by heart, 32 units")
reliability(logits_fn(by_heart, x_test), y_test)

# %% [markdown]
# The first network means what it says, to a few hundredths. The second says 1.00, or 0.00, for nine points in ten, and
# is wrong for more than one in ten of these. Its accuracy is only five points lower, while its loss is five times as
# high: the loss charges for confidence, the accuracy does not.
#
# ## Far from the data
#
# All of this was about points like those of the training. Now look further out. Here are five networks of the course's
# size, 2-4-1, trained on the same 500 points. They differ in nothing but the key of their first parameters. (Of the
# first twelve keys ten learn the task. The other two end in local minima, as in [lesson 8](08-training.md).)

# %%
places = torch.tensor([[0.0, 1.0], [1.0, 1.0], [-3.0, -3.0], [3.0, -2.0], [4.0, 1.0]])
print("key, test accuracy, P(Y = 1) at", *[tuple(place) for place in places.tolist()])
trained = {}
for seed in (0, 2, 5, 9, 11):
    start = model.init_params(random.key(seed), num_inputs=2, num_hidden=4, num_outputs=1)
    trained[seed] = train.fit(fit_key, loss_fn, start, x, y, optimizer=adam, num_epochs=100).params
    accuracy = evaluation.accuracy(logits_fn(trained[seed], x_test), y_test)
    print(f"{seed:2}  {accuracy:.3f}", torch.sigmoid(logits_fn(trained[seed], places)))

# %% alt="The network of key 0 over the square from -4 to 5. The points are a small cluster in the middle. Coloured wedges run from it to all edges, and the lower left corner is blue, class 0."
grid = evaluation.probability_grid(logits_fn, trained[0], low=-4, high=5, steps=121)
plot.decision_boundary(grid, x, y, low=-4, high=5)

# %% alt="The network of key 2 over the same square. It has the same pattern at the points in the middle and other wedges outside: the lower left corner is orange, class 1, and just as deeply coloured."
grid = evaluation.probability_grid(logits_fn, trained[2], low=-4, high=5, steps=121)
plot.decision_boundary(grid, x, y, low=-4, high=5)

# %% [markdown]
# At the two corners of the first columns all five agree, and they are right. At (-3, -3) one says 0.01 and another
# 0.99, and neither is in doubt. A tanh network is at least bounded there: its hidden units saturate, and the logit ends
# at some constant in each direction. With relu units it grows without bound, and the probability reaches 0 or 1.
#
# A parameter estimate is one point of a space in which many points explain the data equally well. They agree where the
# data is, because it made them agree. Elsewhere nothing did. A single network cannot show you that, whatever its
# accuracy: it has one opinion, and the sigmoid makes it sound certain. What can show it is a crowd. Where many networks
# disagree, none of them knows. [Lesson 12](12-ensembles.md) trains the crowd.
#
# ## Pitfalls
#
# !!! warning "Pitfall: one half as the threshold of a logit"
#     `s >= 0.5` asks for a probability of 0.62. The threshold of the *probability* is 0.5, that of the logit is 0. And
#     `torch.sigmoid(s) >= 0` is always true.
#
# !!! warning "Pitfall: logits [N, 1] beside labels [N]"
#     `(s >= 0) == y` becomes `[N, N]`, each decision beside each label, and its mean is about one half however good the
#     network is. `xorfunc.evaluate.accuracy` refuses: `ValueError: logits have shape (3, 1), labels (3,): every logit
#     needs its own label.`
#
# !!! warning "Pitfall: a mean of bools"
#     `(predict(s) == y).mean()` raises `RuntimeError: mean(): could not infer output dtype. Input dtype must be either
#     a floating point or complex dtype. Got: Bool`. Add `.float()`.
#
# !!! warning "Pitfall: a graph that nobody uses"
#     If parameters require grad, so do the logits, and a list of them keeps every graph. Call the network inside
#     `torch.no_grad()`; a `.detach()` afterwards is late. `torch.set_grad_enabled(False)` without `with` stays off for
#     the rest of the program.
#
# !!! warning "Pitfall: a count that stops early"
#     `torch.bincount(2 * y + predicted)` ends at the largest case that occurs. Without a right 1 there are three counts
#     or fewer: `RuntimeError: shape '[2, 2]' is invalid for input of size 3`. `minlength=4` keeps them all. And
#     `counts[y, predicted] += 1` adds 1 for each place once, however often it comes.
#
# !!! warning "Pitfall: the picture is upside down, or on its side"
#     Images show their first row at the top; this grid's first row is the lowest $x_2$. Use `origin="lower"`, and
#     `indexing="ij"` with $x_2$ first in `meshgrid`. XOR itself does not show a transposed grid, as it is symmetric:
#     test with a model that is not.
#
# !!! warning "Pitfall: a grid in float32"
#     `torch.linspace(low, high, steps)` makes float32 whatever the parameters are:
#     `RuntimeError: mat1 and mat2 must have the same dtype, but got Float and Double`. Give it their dtype and device.
#
# ## Quizzes
#
# ??? question "Quiz: A network has 0.97 on training data and 0.88 on test data; 0.90 is possible. Is it overfitted?"
#     A little: it lost two hundredths of what was possible, and knows seven of its examples in a hundred by heart. The
#     gap between 0.97 and 0.88 looks worse than it is, because 0.97 was never to be had.
#
# ??? question "Quiz: You multiply all logits by 10. What happens to accuracy, loss and calibration?"
#     The accuracy stays, since no sign changes. Probabilities move towards 0 and 1, so the loss rises wherever it was
#     calibrated before, and calibration is gone.
#
# ??? question "Quiz: Two networks have 0.91 and 0.93 on the same 100 test points. Which is better?"
#     One cannot say: the standard error is about 0.03. Take more points, or look at those on which they differ.
#
# ??? question "Quiz: At (3, -2) a network says 0.999. What is the probability of a 1 there?"
#     The network does not know: it has seen no point anywhere near that place. The number tells you how its boundary
#     happens to continue. Another network above says 0.003.
#
# ## Exercise
#
# `predict` decides for each logit: 1 where $P(Y=1) \ge 0.5$, so 1 also at 0. The result has the shape of the logits and
# is int64.

# %% tags=["student"] function="predict"

# %% [markdown]
# `accuracy` gives the fraction of right decisions as a scalar tensor.

# %% tags=["student"] function="accuracy"

# %% [markdown]
# `evaluate` gives the accuracy over batches of unequal size, as a Python float. Every example counts the same, and no
# graph is built, also where the parameters require grad.

# %% tags=["student"] function="evaluate"

# %% [markdown]
# `confusion_matrix` counts how often each class was taken for each: rows are the true classes, columns the predicted
# ones. It is always two by two, int64.

# %% tags=["student"] function="confusion_matrix"

# %% [markdown]
# `probability_grid` gives $P(Y=1)$ on a square grid with both ends included; a row is a value of $x_2$, from low to
# high. It has the dtype and the device of the parameters.

# %% tags=["student"] function="probability_grid"

# %% tags=["check"]
from checker import check

check("exercise9")

# %% [markdown]
# ## Where to read on
#
# [Lesson 10](10-checkpoints.md) keeps the trained parameters; [lesson 12](12-ensembles.md) uses `probability_grid` for
# each member of an ensemble and draws where they disagree. The functions are in
# [`xorfunc.evaluate`][xorfunc.evaluate], the figure in
# [`xorfunc.plot.decision_boundary`][xorfunc.plot.decision_boundary].
#
# - Guo, Pleiss, Sun and Weinberger, [On calibration of modern neural networks](https://arxiv.org/abs/1706.04599), 2017.
# - Hein, Andriushchenko and Bitterwolf, [Why ReLU networks yield high-confidence predictions far away from the training
#   data](https://arxiv.org/abs/1812.05720), 2019.
