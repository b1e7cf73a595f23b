"""Right answers to exercise 6 in other forms, all of which the checks must pass."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Bernoulli

from checker.spec import alternative


@alternative("log_prob_one")
def written_out(s):
    return s.clamp(max=0) - torch.log1p(torch.exp(-s.abs()))


@alternative("log_prob_one")
def minus_softplus(s):
    return -F.softplus(-s)


@alternative("log_prob_one")
def log_of_a_sum_of_exps(s):
    return -torch.logaddexp(torch.zeros_like(s), -s)


@alternative("log_prob_one")
def second_of_two_classes(s):
    return torch.stack([torch.zeros_like(s), s], dim=-1).log_softmax(dim=-1)[..., 1]


@alternative("log_prob_one")
def where_that_is_safe(s):
    small = torch.exp(-torch.where(s > 0, s, -s))
    return torch.where(s > 0, -torch.log1p(small), s - torch.log1p(small))


@alternative("log_prob_one")
def logit_minus_softplus(s):
    return s - F.softplus(s)


@alternative("log_prob_one")
def as_a_module(s):
    return nn.LogSigmoid()(s)


class _LogSigmoid(torch.autograd.Function):
    @staticmethod
    def forward(ctx, s):
        ctx.save_for_backward(s)
        return s.clamp(max=0) - torch.log1p(torch.exp(-s.abs()))

    @staticmethod
    def backward(ctx, *outer):
        (s,) = ctx.saved_tensors
        return outer[0] * torch.sigmoid(-s)


@alternative("log_prob_one")
def with_its_own_gradient(s):
    return _LogSigmoid.apply(s)


@alternative("log_prob_one")
def through_double(s):
    return F.logsigmoid(s.double()).to(s.dtype)


@alternative("log_prob_zero")
def log_prob_one_minus_s(s):
    return F.logsigmoid(s) - s


@alternative("log_prob_zero")
def softplus_negated(s):
    return -F.softplus(s)


@alternative("log_prob_zero")
def zero_of_two_classes(s):
    both = torch.stack([torch.zeros_like(s), s])
    return -torch.logsumexp(both, dim=0)


@alternative("log_prob_zero")
def bernoulli_of_zero(s):
    return Bernoulli(logits=s).log_prob(torch.zeros_like(s))


@alternative("log_prob_zero")
def zero_written_out(s):
    return torch.minimum(-s, torch.zeros_like(s)) - torch.exp(-torch.abs(s)).log1p()


@alternative("log_prob")
def chosen(s, y):
    return torch.where(y == 1, F.logsigmoid(s), F.logsigmoid(-s))


@alternative("log_prob")
def sign_of_the_logit(s, y):
    return F.logsigmoid(s * (2 * y - 1))


@alternative("log_prob")
def linear_minus_softplus(s, y):
    return y * s - F.softplus(s)


@alternative("log_prob")
def distribution(s, y):
    return Bernoulli(logits=s, validate_args=False).log_prob(y.to(s))


@alternative("log_prob")
def unreduced(s, y):
    return -F.binary_cross_entropy_with_logits(s, y.type_as(s), reduction="none")


@alternative("log_prob")
def gathered(s, y):
    both = torch.stack([F.logsigmoid(-s), F.logsigmoid(s)], dim=-1)
    return both.gather(-1, y.unsqueeze(-1)).squeeze(-1)


@alternative("log_prob")
def two_masks(s, y):
    result = torch.empty_like(s)
    result[y == 1] = F.logsigmoid(s[y == 1])
    result[y == 0] = F.logsigmoid(-s[y == 0])
    return result


@alternative("loss_where")
def logit_chosen_first(s, y):
    return F.softplus(torch.where(y == 1, -s, s)).mean()


@alternative("loss_where")
def by_a_boolean(s, y):
    return torch.where(y.bool(), F.softplus(-s), F.softplus(s)).sum() / y.numel()


@alternative("loss_where")
def method_of_a_tensor(s, y):
    return -F.logsigmoid(s).where(y > 0, F.logsigmoid(-s)).mean()


@alternative("loss_where")
def loop_over_examples(s, y):
    pairs = zip(s, y, strict=True)
    return sum(torch.where(label == 1, F.softplus(-logit), F.softplus(logit)) for logit, label in pairs) / len(s)


@alternative("loss_where")
def averaged_in_double(s, y):
    return -torch.where(y.eq(0), F.logsigmoid(-s), F.logsigmoid(s)).mean(dtype=torch.float64).to(s.dtype)


@alternative("loss_bernoulli")
def without_validation(s, y):
    return Bernoulli(logits=s, validate_args=False).log_prob(y.type_as(s)).mean().neg()


@alternative("loss_bernoulli")
def one_event_of_n(s, y):
    return -torch.distributions.Independent(Bernoulli(logits=s), 1).log_prob(y.to(s.dtype)) / len(y)


@alternative("loss_bernoulli")
def by_position(s, y):
    return torch.mean(-Bernoulli(None, s).log_prob(y * torch.ones_like(s)))


@alternative("loss_bernoulli")
def one_distribution_each(s, y):
    return -torch.stack([Bernoulli(logits=a).log_prob(b.to(s.dtype)) for a, b in zip(s, y, strict=True)]).mean()


@alternative("loss_bce")
def module(s, y):
    return nn.BCEWithLogitsLoss()(s, y.to(s.dtype))


@alternative("loss_bce")
def formula(s, y):
    return (F.softplus(s) - y * s).mean()


@alternative("loss_bce")
def two_classes(s, y):
    return F.cross_entropy(torch.stack([torch.zeros_like(s), s], dim=1), y)


@alternative("loss_bce")
def reduced_by_hand(s, y):
    return F.binary_cross_entropy_with_logits(s, y + torch.zeros_like(s), reduction="none").mean()


@alternative("loss_bce")
def as_columns(s, y):
    return F.binary_cross_entropy_with_logits(s[:, None], y[:, None].to(s.dtype))


@alternative("loss_bce")
def labels_of_one_example(s, y):
    return F.multilabel_soft_margin_loss(s[None], y[None])


@alternative("loss_bce")
def weighted_by_one_over_n(s, y):
    weight = torch.full_like(s, 1 / len(s))
    return F.binary_cross_entropy_with_logits(s, y.to(s.dtype), weight=weight, reduction="sum")
