"""Wrong answers to exercise 6 that students give, each with the sentence that helps."""

import math

import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli

from checker.spec import misconception


def _both(s):
    return F.logsigmoid(s), F.logsigmoid(-s)


@misconception(
    "log_prob_one",
    "Far below 0 the sigmoid rounds to 0, and exp(-s) overflows: their log is infinite. See F.logsigmoid.",
)
def log_of_the_sigmoid(s):
    return torch.log(torch.sigmoid(s))


@misconception(
    "log_prob_one", "An epsilon inside the log is an error in each value, and a floor under it: log P(Y=1) is near s."
)
def epsilon_inside_the_log(s):
    return torch.log(torch.sigmoid(s) + 1e-8)


@misconception(
    "log_prob_one",
    "clamp has gradient 0 beyond its bounds: the examples that are most wrong would teach the network nothing.",
)
def clamped_probability(s):
    return torch.log(torch.sigmoid(s).clamp(1e-7, 1 - 1e-7))


@misconception(
    "log_prob_one", "A clamped logit has a gradient of 0 beyond the bounds, and a wrong value: s itself can be used."
)
def clamped_logit(s):
    return F.logsigmoid(s.clamp(-30, 30))


@misconception(
    "log_prob_one",
    "torch.where computes both branches: exp overflows in the one not taken, and 0 * inf makes the gradient NaN.",
)
def overflow_in_the_branch_not_taken(s):
    return torch.where(s > 0, -torch.log1p(torch.exp(-s)), s - torch.log1p(torch.exp(s)))


@misconception("log_prob_one", "This is the probability itself: its logarithm is asked for.")
def probability(s):
    return torch.sigmoid(s)


@misconception("log_prob_one", "This is -log P(Y=1), a loss: a log-probability is never positive.")
def negative_log_probability(s):
    return F.softplus(-s)


@misconception("log_prob_one", "This is log P(Y=0): a large logit s speaks for Y = 1.")
def of_the_other_class(s):
    return F.logsigmoid(-s)


@misconception("log_prob_one", "F.logsigmoid applies the sigmoid itself: give it the logit, not the probability.")
def sigmoid_twice(s):
    return F.logsigmoid(torch.sigmoid(s))


@misconception("log_prob_one", "The logarithm is the natural one, torch.log, not log2.")
def in_bits(s):
    return F.logsigmoid(s) / math.log(2)


@misconception("log_prob_one", "The result is always float32 here: keep the dtype of s, which may be float64.")
def single_precision(s):
    return F.logsigmoid(s.float())


@misconception("log_prob_one", ".detach() (or torch.no_grad, or .item()) cuts the graph: no gradient gets back to s.")
def cut_from_the_graph(s):
    return F.logsigmoid(s.detach())


@misconception(
    "log_prob_zero",
    "1 - sigmoid(s) rounds to 0 from s = 17 on, and its log is -inf: use 1 - sigmoid(s) = sigmoid(-s).",
)
def log_of_the_complement(s):
    return torch.log(1 - torch.sigmoid(s))


@misconception(
    "log_prob_zero",
    "Far above 0, sigmoid(-s) rounds to 0 and exp(s) overflows: their log is infinite. See F.logsigmoid.",
)
def log_of_the_sigmoid_of_minus_s(s):
    return torch.log(torch.sigmoid(-s))


@misconception(
    "log_prob_zero", "exp and log1p undo each other on paper only: 1 - P(Y=1) is 0 for large s. Use sigmoid(-s)."
)
def log_of_one_minus_exp(s):
    return torch.log1p(-torch.exp(F.logsigmoid(s)))


@misconception("log_prob_zero", "The probabilities add up to 1, their logarithms don't: 1 - log P(Y=1) is neither.")
def one_minus_the_log(s):
    return 1 - F.logsigmoid(s)


@misconception("log_prob_zero", "-log P(Y=1) is the loss for Y = 1: it is the logit that changes sign, not the log.")
def sign_outside(s):
    return -F.logsigmoid(s)


@misconception("log_prob_zero", "This is log P(Y=1): the logit of the other class is -s.")
def of_class_one(s):
    return F.logsigmoid(s)


@misconception("log_prob_zero", "The logit of the other class is -s; 1 - s would be right for a probability.")
def logit_subtracted_from_one(s):
    return F.logsigmoid(1 - s)


@misconception(
    "log_prob_zero", "An epsilon inside the log is an error in each value, and a floor: log P(Y=0) is near -s."
)
def epsilon_in_the_complement(s):
    return torch.log(1 - torch.sigmoid(s) + 1e-8)


@misconception(
    "log_prob_zero",
    "clamp has gradient 0 beyond its bounds: the examples that are most wrong would teach the network nothing.",
)
def clamped_complement(s):
    return torch.log((1 - torch.sigmoid(s)).clamp(min=1e-7))


@misconception("log_prob", "The labels are swapped: y = 1 asks for log P(Y=1), y = 0 for log P(Y=0).")
def labels_swapped(s, y):
    one, zero = _both(s)
    return torch.where(y == 1, zero, one)


@misconception("log_prob", "The other half is missing: where y is 0, log P(Y=0) is asked for, not 0.")
def half_of_the_sum(s, y):
    return y * F.logsigmoid(s)


@misconception(
    "log_prob", "Where sigmoid(s) rounds to 0 or 1 this has log(0) in it, and 0 * inf is NaN: build it on F.logsigmoid."
)
def paper_formula(s, y):
    p = torch.sigmoid(s)
    return y * torch.log(p) + (1 - y) * torch.log(1 - p)


@misconception(
    "log_prob", "The chosen probability still rounds to 0, and its log is -inf: choose between two log-probabilities."
)
def log_of_the_chosen_probability(s, y):
    p = torch.sigmoid(s)
    return torch.log(torch.where(y == 1, p, 1 - p))


@misconception("log_prob", "An epsilon inside the log is an error in each value, and a floor under it.")
def epsilon_in_both_logs(s, y):
    p = torch.sigmoid(s)
    return y * torch.log(p + 1e-8) + (1 - y) * torch.log(1 - p + 1e-8)


@misconception("log_prob", "This is the probability of the label: its logarithm is asked for.")
def probability_of_the_label(s, y):
    p = torch.sigmoid(s)
    return torch.where(y == 1, p, 1 - p)


@misconception("log_prob", "The sign of a loss: a log-probability is never positive.")
def sign_of_a_loss(s, y):
    return F.binary_cross_entropy_with_logits(s, y.to(s.dtype), reduction="none")


@misconception("log_prob", "One number for all: every logit has its own log-probability, in the shape of s.")
def mean_of_all(s, y):
    return -F.binary_cross_entropy_with_logits(s, y.to(s.dtype))


@misconception("log_prob", "y is int64: torch.where wants a condition of bools, y == 1, and BCE floats, y.to(s.dtype).")
def labels_as_condition(s, y):
    return torch.where(y, *_both(s))


@misconception("log_prob", "torch.zeros(...) is float32 whatever s is: torch.zeros_like(s) has the dtype of s.")
def buffer_in_single_precision(s, y):
    result = torch.zeros(s.shape)
    one, zero = _both(s)
    result[y == 1] = one[y == 1]
    result[y == 0] = zero[y == 0]
    return result


@misconception(
    "loss_where",
    "Where sigmoid(s) rounds to 0 or 1 one branch is log(0), and torch.where computes both: use log-probabilities.",
)
def where_of_naive_logs(s, y):
    p = torch.sigmoid(s)
    return -torch.where(y == 1, torch.log(p), torch.log(1 - p)).mean()


@misconception(
    "loss_where", "log(where(...)) of probabilities that round to 0 is -inf: choose between the two log-probabilities."
)
def log_of_where(s, y):
    p = torch.sigmoid(s)
    return -torch.log(torch.where(y == 1, p, 1 - p)).mean()


@misconception(
    "loss_where", "Nothing is infinite here any more, but clamp has gradient 0 beyond its bounds: nothing is learned."
)
def where_of_clamped_probability(s, y):
    p = torch.sigmoid(s).clamp(1e-7, 1 - 1e-7)
    return -torch.where(y == 1, torch.log(p), torch.log(1 - p)).mean()


@misconception("loss_where", "An epsilon inside the log is an error in each value, and a floor under it.")
def where_with_epsilon(s, y):
    p = torch.sigmoid(s)
    return -torch.where(y == 1, torch.log(p + 1e-8), torch.log(1 - p + 1e-8)).mean()


@misconception("loss_where", "This is the sum; the mean does not grow with the number of examples.")
def sum_for_mean(s, y):
    return -torch.where(y == 1, *_both(s)).sum()


@misconception("loss_where", "The sign is missing: this is the mean log-likelihood, and a loss is its negative.")
def sign_forgotten(s, y):
    return torch.where(y == 1, *_both(s)).mean()


@misconception("loss_where", "One loss for each example: their mean, a scalar, is asked for.")
def mean_forgotten(s, y):
    return -torch.where(y == 1, *_both(s))


@misconception("loss_where", "The branches are swapped: torch.where takes the first where the condition is true.")
def branches_swapped(s, y):
    return -torch.where(y == 0, *_both(s)).mean()


@misconception("loss_where", "y is int64, and torch.where wants a condition of bools: write y == 1.")
def integer_condition(s, y):
    return -torch.where(y, *_both(s)).mean()


@misconception(
    "loss_where", "Logits [N, 1] beside labels [N] broadcast to [N, N]: every label with every logit. Both must be [N]."
)
def broadcast_to_a_square(s, y):
    return -torch.where(y == 1, *_both(s[:, None])).mean()


@misconception("loss_where", "The mean probability is not the mean log-likelihood: the logarithm is missing.")
def logarithm_forgotten(s, y):
    p = torch.sigmoid(s)
    return -torch.where(y == 1, p, 1 - p).mean()


@misconception("loss_where", "The sigmoid is applied twice: the log-probabilities take the logits as they are.")
def where_of_sigmoid_twice(s, y):
    return -torch.where(y == 1, *_both(torch.sigmoid(s))).mean()


@misconception("loss_where", "These are bits: the logarithm is the natural one, torch.log, not log2.")
def where_in_bits(s, y):
    return -torch.where(y == 1, *_both(s)).mean() / math.log(2)


@misconception("loss_where", "A Python number has left the graph: no gradient gets back to s. Give the tensor.")
def loss_as_number(s, y):
    return -torch.where(y == 1, *_both(s)).mean().item()


@misconception(
    "loss_where", "The log stands outside the mean: it is the mean of the logs that is asked for, example by example."
)
def log_of_the_mean(s, y):
    p = torch.sigmoid(s)
    return -torch.log(torch.where(y == 1, p, 1 - p).mean())


@misconception(
    "loss_bernoulli", "The first argument of Bernoulli is probs, and these are logits: write Bernoulli(logits=s)."
)
def logits_as_probs(s, y):
    return -Bernoulli(s).log_prob(y.to(s.dtype)).mean()


@misconception(
    "loss_bernoulli",
    "Bernoulli(probs=...) clamps what sigmoid rounds to 0 or 1: wrong value, no gradient. Use logits=s.",
)
def through_probs(s, y):
    return -Bernoulli(probs=torch.sigmoid(s)).log_prob(y.to(s.dtype)).mean()


@misconception("loss_bernoulli", "logits= takes the logits as they are: the sigmoid is applied inside, once.")
def probabilities_as_logits(s, y):
    return -Bernoulli(logits=torch.sigmoid(s)).log_prob(y.to(s.dtype)).mean()


@misconception("loss_bernoulli", "log_prob wants float labels, of the dtype of the logits, and y is int64.")
def integer_labels(s, y):
    return -Bernoulli(logits=s).log_prob(y).mean()


@misconception("loss_bernoulli", "y.float() is float32, and brings float64 logits down with it: y.to(s.dtype).")
def labels_in_single_precision(s, y):
    return -Bernoulli(logits=s).log_prob(y.float()).mean()


@misconception("loss_bernoulli", "The sign is missing: this is the mean log-likelihood, and a loss is its negative.")
def bernoulli_sign_forgotten(s, y):
    return Bernoulli(logits=s).log_prob(y.to(s.dtype)).mean()


@misconception("loss_bernoulli", "This is the sum; the mean does not grow with the number of examples.")
def bernoulli_sum(s, y):
    return -Bernoulli(logits=s).log_prob(y.to(s.dtype)).sum()


@misconception("loss_bernoulli", "One loss for each example: their mean, a scalar, is asked for.")
def bernoulli_mean_forgotten(s, y):
    return -Bernoulli(logits=s).log_prob(y.to(s.dtype))


@misconception("loss_bernoulli", "The entropy says how uncertain the network is: it never looks at the labels.")
def entropy(s, y):
    return Bernoulli(logits=s).entropy().mean()


@misconception("loss_bernoulli", "This is the log-probability of the other label, 1 - y.")
def other_label(s, y):
    return -Bernoulli(logits=s).log_prob(1 - y.to(s.dtype)).mean()


@misconception(
    "loss_bernoulli",
    "Logits [N, 1] beside labels [N] broadcast to [N, N]: every label with every logit. Both must be [N].",
)
def bernoulli_square(s, y):
    return -Bernoulli(logits=s[:, None]).log_prob(y.to(s.dtype)).mean()


@misconception("loss_bernoulli", "The log has been undone: the likelihood's logarithm is asked for, log_prob as it is.")
def exponential_of_log_prob(s, y):
    return -Bernoulli(logits=s).log_prob(y.to(s.dtype)).exp().mean()


@misconception(
    "loss_bce", "binary_cross_entropy takes probabilities, and these are logits: use the one that says with_logits."
)
def logits_into_bce(s, y):
    return F.binary_cross_entropy(s, y.to(s.dtype))


@misconception(
    "loss_bce",
    "The sigmoid rounds to 0 or 1, and BCE cuts its log off at -100: use binary_cross_entropy_with_logits on s.",
)
def bce_of_the_sigmoid(s, y):
    return F.binary_cross_entropy(torch.sigmoid(s), y.to(s.dtype))


@misconception("loss_bce", "The sigmoid is applied twice: with_logits applies it itself, so give it s.")
def sigmoid_before_with_logits(s, y):
    return F.binary_cross_entropy_with_logits(torch.sigmoid(s), y.to(s.dtype))


@misconception("loss_bce", "BCE with logits wants float labels, of the dtype of the logits, and y is int64.")
def bce_of_integer_labels(s, y):
    return F.binary_cross_entropy_with_logits(s, y)


@misconception("loss_bce", "y.float() is float32, and brings float64 logits down with it: y.to(s.dtype).")
def bce_of_labels_in_single_precision(s, y):
    return F.binary_cross_entropy_with_logits(s, y.float())


@misconception("loss_bce", "The arguments are swapped: the logits come first, the labels second.")
def arguments_swapped(s, y):
    return F.binary_cross_entropy_with_logits(y.to(s.dtype), s)


@misconception("loss_bce", "This is the sum; the mean, BCE's default, does not grow with the number of examples.")
def bce_sum(s, y):
    return F.binary_cross_entropy_with_logits(s, y.to(s.dtype), reduction="sum")


@misconception("loss_bce", "One loss for each example: their mean, a scalar and BCE's default, is asked for.")
def no_reduction(s, y):
    return F.binary_cross_entropy_with_logits(s, y.to(s.dtype), reduction="none")


@misconception("loss_bce", "BCE is a loss already: with one more minus, training would make the labels unlikely.")
def one_minus_too_many(s, y):
    return -F.binary_cross_entropy_with_logits(s, y.to(s.dtype))


@misconception("loss_bce", "The labels are swapped: BCE's target is y, the probability that the label is 1.")
def target_swapped(s, y):
    return F.binary_cross_entropy_with_logits(s, 1 - y.to(s.dtype))


@misconception(
    "loss_bce", "cross_entropy wants a logit for each of several classes, [N, C]: for one logit there is BCE."
)
def cross_entropy_of_one_class(s, y):
    return F.cross_entropy(s[:, None], y)


@misconception(
    "loss_bce", "cross_entropy took the examples for classes, a softmax over the batch: for one logit there is BCE."
)
def cross_entropy_over_the_batch(s, y):
    return F.cross_entropy(s, y.to(s.dtype))


@misconception(
    "loss_bce", "The other class has the logit 0 beside s, not -s: the softmax of (-s, s) is the sigmoid of 2 s."
)
def two_opposite_logits(s, y):
    return F.cross_entropy(torch.stack([-s, s], dim=1), y)


@misconception(
    "loss_bce", "exp(s) overflows for s above 88: torch.nn.functional.softplus(s) is a safe log(1 + exp(s))."
)
def formula_that_overflows(s, y):
    return (torch.log(1 + torch.exp(s)) - y * s).mean()


@misconception("loss_bce", "This is the squared error of the probabilities, not their cross-entropy.")
def squared_error(s, y):
    return F.mse_loss(torch.sigmoid(s), y.to(s.dtype))


@misconception(
    "loss_bce", "[N, N]: logits [N, 1] and labels repeated to fit. Every logit has one label; both must be [N]."
)
def bce_square(s, y):
    return F.binary_cross_entropy_with_logits(s[:, None].expand(-1, len(y)), y.to(s.dtype).expand(len(s), -1))
