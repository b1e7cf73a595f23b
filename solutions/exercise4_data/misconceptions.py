"""Wrong answers to exercise 4 that students give, each with the sentence that helps."""

import torch
from torch.utils.data import Dataset

from checker.spec import misconception
from xorfunc import random


@misconception("xor_labels", "This is OR: it also says 1 where both bits are 1.")
def inclusive_or(bits):
    return bits[:, 0] | bits[:, 1]


@misconception("xor_labels", "This is AND: it says 1 only where both bits are 1.")
def logical_and(bits):
    return bits[:, 0] & bits[:, 1]


@misconception("xor_labels", "This is XNOR, the opposite: 1 belongs where the two bits differ.")
def equal_bits(bits):
    return (bits[:, 0] == bits[:, 1]).long()


@misconception("xor_labels", "True and False come back: labels are int64, so call .long().")
def booleans(bits):
    return bits[:, 0] != bits[:, 1]


@misconception("xor_labels", "Floats come back: labels are int64.")
def floats(bits):
    return (bits[:, 0] != bits[:, 1]).float()


@misconception("xor_labels", "[N, 1] for [N]: one number a row, without keeping the dimension.")
def column_of_labels(bits):
    return bits.sum(dim=1, keepdim=True) % 2


@misconception("xor_labels", "The sum is 2 where both bits are 1: take it modulo 2.")
def sum_of_bits(bits):
    return bits.sum(dim=1)


@misconception(
    "xor_labels", "`^` of the rows, not of the columns: the two bits of a point stand side by side, bits[:, 0]."
)
def rows_for_columns(bits):
    return bits[0] ^ bits[1]


def _xor(corners):
    return corners[:, 0] ^ corners[:, 1]


@misconception(
    "continuous_xor",
    "The labels come from the noisy points: take them from the corners, before the noise is added.",
)
def labels_of_the_noisy_points(key, size, std):
    corner_key, noise_key = random.split(key)
    x = random.randint(corner_key, (size, 2), 0, 2) + std * random.normal(noise_key, (size, 2))
    return x, _xor((x > 0.5).long())


def _noisy(key, size, scale, label=_xor):
    corner_key, noise_key = random.split(key)
    corners = random.randint(corner_key, (size, 2), 0, 2)
    return corners + scale * random.normal(noise_key, (size, 2)), label(corners)


@misconception("continuous_xor", "std is taken for the variance: its square root scales the noise here.")
def root_of_std(key, size, std):
    return _noisy(key, size, std**0.5)


@misconception("continuous_xor", "The noise is scaled by std squared, the variance: std itself is its scale.")
def variance_for_std(key, size, std):
    return _noisy(key, size, std**2)


@misconception("continuous_xor", "There is no noise: add std * random.normal(...) to the corners.")
def no_noise(key, size, std):
    return _noisy(key, size, 0.0)


@misconception(
    "continuous_xor", "One key is used for both draws, so that the noise depends on the corner: split the key."
)
def one_key_for_both(key, size, std):
    corners = random.bernoulli(key, 0.5, (size, 2)).long()
    return corners + std * random.normal(key, (size, 2)), _xor(corners)


@misconception("continuous_xor", "Both coordinates get the same noise: draw it in the shape (size, 2).")
def same_noise_for_both_coordinates(key, size, std):
    corner_key, noise_key = random.split(key)
    corners = random.randint(corner_key, (size, 2), 0, 2)
    return corners + std * random.normal(noise_key, (size, 1)), _xor(corners)


@misconception("continuous_xor", "The noise is uniform: it should be normal, random.normal.")
def uniform_noise(key, size, std):
    corner_key, noise_key = random.split(key)
    corners = random.randint(corner_key, (size, 2), 0, 2)
    return corners + std * 3**0.5 * random.uniform(noise_key, (size, 2), -1, 1), _xor(corners)


@misconception("continuous_xor", "The corners go round in a fixed order: draw each of them by chance.")
def corners_in_turn(key, size, std):
    number = torch.arange(size, device=key.device) % 4
    corners = torch.stack([number // 2, number % 2], dim=1)
    return corners + std * random.normal(key, (size, 2)), _xor(corners)


@misconception("continuous_xor", "randint leaves out its upper bound: randint(key, shape, 0, 1) gives zeros only.")
def zeros_only(key, size, std):
    corner_key, noise_key = random.split(key)
    corners = random.randint(corner_key, (size, 2), 0, 1)
    return corners + std * random.normal(noise_key, (size, 2)), _xor(corners)


@misconception("continuous_xor", "The points lie in the whole square here: first choose a corner, 0 or 1 in each bit.")
def uniform_points(key, size, std):
    corner_key, noise_key = random.split(key)
    corners = random.uniform(corner_key, (size, 2))
    return corners + std * random.normal(noise_key, (size, 2)), _xor((corners > 0.5).long())


@misconception("continuous_xor", "This is OR of the corner's bits: two ones give 0.")
def labels_by_or(key, size, std):
    return _noisy(key, size, std, lambda corners: corners[:, 0] | corners[:, 1])


@misconception("continuous_xor", "This is XNOR, the opposite: 1 belongs where the corner's two bits differ.")
def labels_by_xnor(key, size, std):
    return _noisy(key, size, std, lambda corners: 1 - _xor(corners))


@misconception("continuous_xor", "The labels are floats: they are classes, int64.")
def float_labels(key, size, std):
    return _noisy(key, size, std, lambda corners: _xor(corners).float())


@misconception("continuous_xor", "The labels are [size, 1]: one number a point, [size].")
def column_of_labels_too(key, size, std):
    return _noisy(key, size, std, lambda corners: _xor(corners)[:, None])


@misconception(
    "continuous_xor", "torch.randn draws from the global random state: draw with the key, and the same key repeats."
)
def global_random_state(key, size, std):
    corners = torch.randint(0, 2, (size, 2), device=key.device)
    return corners + std * torch.randn(size, 2, device=key.device), _xor(corners)


@misconception("minibatches", "The examples keep their order: shuffle them with the key.")
def without_shuffling(key, x, y, batch_size, drop_last=False):
    batches = list(zip(x.split(batch_size), y.split(batch_size), strict=True))
    return batches[:-1] if drop_last and len(x) % batch_size else batches


@misconception("minibatches", "Whole batches are shuffled, not the examples: permute these before cutting.")
def batches_shuffled(key, x, y, batch_size, drop_last=False):
    batches = list(zip(x.split(batch_size), y.split(batch_size), strict=True))
    short = batches.pop() if len(x) % batch_size else None
    batches = [batches[i] for i in random.permutation(key, len(batches)).tolist()]
    return batches if short is None or drop_last else [*batches, short]


@misconception("minibatches", "x and y are shuffled by different keys, so that the pairs are torn apart.")
def torn_pairs(key, x, y, batch_size, drop_last=False):
    x_key, y_key = random.split(key)
    x, y = random.permutation(x_key, x), random.permutation(y_key, y)
    batches = list(zip(x.split(batch_size), y.split(batch_size), strict=True))
    return batches[:-1] if drop_last and len(x) % batch_size else batches


@misconception("minibatches", "Only x is shuffled: y must follow in the same order.")
def labels_left_behind(key, x, y, batch_size, drop_last=False):
    batches = list(zip(random.permutation(key, x).split(batch_size), y.split(batch_size), strict=True))
    return batches[:-1] if drop_last and len(x) % batch_size else batches


@misconception("minibatches", "The last, shorter batch is always lost: only `drop_last` may leave it out.")
def last_batch_lost(key, x, y, batch_size, drop_last=False):
    order = random.permutation(key, len(x))
    batches = [(x[part], y[part]) for part in order.split(batch_size)]
    return batches[:-1] if len(x) % batch_size else batches


@misconception("minibatches", "drop_last is not looked at: with it, a shorter last batch must be left out.")
def drop_last_ignored(key, x, y, batch_size, drop_last=False):
    return [(x[part], y[part]) for part in random.permutation(key, len(x)).split(batch_size)]


@misconception("minibatches", "drop_last leaves out the last batch even where it is full.")
def full_batch_dropped(key, x, y, batch_size, drop_last=False):
    batches = [(x[part], y[part]) for part in random.permutation(key, len(x)).split(batch_size)]
    return batches[:-1] if drop_last else batches


@misconception("minibatches", "Random numbers with repetition: some examples come twice, others never. Permute them.")
def drawn_with_replacement(key, x, y, batch_size, drop_last=False):
    order = random.randint(key, (len(x),), 0, len(x))
    batches = [(x[part], y[part]) for part in order.split(batch_size)]
    return batches[:-1] if drop_last and len(x) % batch_size else batches


@misconception("minibatches", "torch.randperm draws from the global random state: the key must decide the order.")
def global_permutation(key, x, y, batch_size, drop_last=False):
    order = torch.randperm(len(x), device=x.device)
    batches = [(x[part], y[part]) for part in order.split(batch_size)]
    return batches[:-1] if drop_last and len(x) % batch_size else batches


@misconception("minibatches", "Two lists come back, of xs and of ys: a list of pairs (xb, yb) is asked for.")
def two_lists(key, x, y, batch_size, drop_last=False):
    order = random.permutation(key, len(x))
    return x[order].split(batch_size), y[order].split(batch_size)


@misconception("minibatches", "batch_size is taken for the number of batches: it is the number of examples in one.")
def number_of_batches(key, x, y, batch_size, drop_last=False):
    return [(x[part], y[part]) for part in random.permutation(key, len(x)).chunk(batch_size)]


class _Drawn(Dataset):
    def __init__(self, key, size, std=0.1):
        self.x, self.y = _noisy(key, size, std)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index], self.y[index]


@misconception("XORDataset", "Each item is drawn afresh when it is asked for: item i must always be the same one.")
class AnotherItemEachTime(_Drawn):
    def __getitem__(self, index):
        if index >= len(self):
            raise IndexError(index)
        corners = torch.randint(0, 2, (1, 2), device=self.x.device)
        return (corners + 0.1 * torch.randn(1, 2, device=self.x.device))[0], _xor(corners)[0]


@misconception("XORDataset", "The index is taken modulo the length: past the end a dataset raises IndexError.")
class EndlessItems(_Drawn):
    def __getitem__(self, index):
        return super().__getitem__(index % len(self))


@misconception("XORDataset", "Only x comes back: an item is the pair (x, y).")
class WithoutLabels(_Drawn):
    def __getitem__(self, index):
        return self.x[index]


@misconception("XORDataset", "y is a Python number: keep the scalar tensor, self.y[index].")
class NumberAsLabel(_Drawn):
    def __getitem__(self, index):
        return self.x[index], self.y[index].item()


@misconception("XORDataset", "std is not handed on: the noise is that of std=0.1, whatever was asked for.")
class AlwaysTheDefaultNoise(_Drawn):
    def __init__(self, key, size, std=0.1):
        super().__init__(key, size)


@misconception("XORDataset", "The key is not used: every dataset has the data of one fixed key.")
class AlwaysTheSameKey(_Drawn):
    def __init__(self, key, size, std=0.1):
        super().__init__(random.key(0).to(key.device), size, std)


@misconception("XORDataset", "The length counts coordinates, or batches: it is the number of points.")
class LengthOfCoordinates(_Drawn):
    def __len__(self):
        return self.x.numel()


@misconception("XORDataset", "Items are slices, [1, 2] and [1]: one point is x [2] and y [], so index with a number.")
class ItemsAsSlices(_Drawn):
    def __getitem__(self, index):
        if index >= len(self):
            raise IndexError(index)
        return self.x[index : index + 1], self.y[index : index + 1]


@misconception("XORDataset", "This class is no `torch.utils.data.Dataset`: name that as its base class.")
class NoDataset:
    def __init__(self, key, size, std=0.1):
        self.x, self.y = _noisy(key, size, std)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        return self.x[index], self.y[index]
