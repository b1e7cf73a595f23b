"""Right answers to exercise 4 in other forms, all of which the checks must pass."""

import torch
from torch.utils.data import Dataset, TensorDataset

from checker.spec import alternative, equivalent
from xorfunc import random


@alternative("xor_labels")
def where_they_differ(bits):
    return (bits[:, 0] != bits[:, 1]).long()


@alternative("xor_labels")
def sum_modulo_two(bits):
    return bits.sum(dim=1) % 2


@alternative("xor_labels")
def difference_of_the_bits(bits):
    return (bits[:, 0] - bits[:, 1]).abs()


@alternative("xor_labels")
def sum_less_twice_the_product(bits):
    a, b = bits.unbind(dim=1)
    return a + b - 2 * a * b


@alternative("xor_labels")
def looked_up(bits):
    return torch.tensor([[0, 1], [1, 0]], device=bits.device)[bits[:, 0], bits[:, 1]]


def _xor(corners):
    return (corners.sum(dim=1) % 2).long()


@alternative("continuous_xor")
def noise_first(key, size, std):
    noise_key, corner_key = random.split(key)
    noise = std * random.normal(noise_key, (size, 2))
    corners = random.bernoulli(corner_key, 0.5, (size, 2)).long()
    return noise + corners, _xor(corners)


@alternative("continuous_xor")
def a_key_a_coordinate(key, size, std):
    keys = random.split(key, 4)
    bits = [random.randint(each, (size,), 0, 2) for each in keys[:2]]
    x = torch.stack([bit + std * random.normal(each, (size,)) for bit, each in zip(bits, keys[2:], strict=True)], dim=1)
    return x, bits[0] ^ bits[1]


@alternative("continuous_xor")
def numbers_of_corners(key, size, std):
    number = random.randint(random.fold_in(key, 1), (size,), 0, 4)
    corners = torch.stack([number // 2, number % 2], dim=1)
    x = torch.add(corners.float(), random.normal(random.fold_in(key, 2), (size, 2)), alpha=std)
    return x, _xor(corners)


@alternative("continuous_xor")
def a_generator_of_torch(key, size, std):
    generator = torch.Generator().manual_seed(int(key[1]))
    corners = torch.randint(0, 2, (size, 2), generator=generator)
    x = corners + std * torch.randn(size, 2, generator=generator)
    return x.to(key.device), _xor(corners).to(key.device)


@alternative("continuous_xor")
def a_point_after_another(key, size, std):
    points = torch.vmap(
        lambda key: torch.cat([random.uniform(key, (2,)), random.normal(random.fold_in(key, 9), (2,))])
    )(random.split(key, size))
    corners = (points[:, :2] < 0.5).long()
    return corners + std * points[:, 2:], _xor(corners)


@alternative("minibatches")
def shuffled_then_sliced(key, x, y, batch_size, drop_last=False):
    order = random.permutation(key, len(y))
    x, y = x[order], y[order]
    end = len(y) // batch_size * batch_size if drop_last else len(y)
    return [(x[i : i + batch_size], y[i : i + batch_size]) for i in range(0, end, batch_size)]


@alternative("minibatches")
def sorted_by_random_numbers(key, x, y, batch_size, drop_last=False):
    order = torch.argsort(random.uniform(key, (len(x),)))
    batches = list(zip(x[order].split(batch_size), y[order].split(batch_size), strict=True))
    return [batch for batch in batches if len(batch[0]) == batch_size] if drop_last else batches


@alternative("minibatches")
def permutation_of_torch(key, x, y, batch_size, drop_last=False):
    generator = torch.Generator().manual_seed(int(key[0]) ^ int(key[1]) << 20)
    order = torch.randperm(len(x), generator=generator).to(x.device)
    number = len(x) // batch_size if drop_last else -(-len(x) // batch_size)
    parts = [order[i * batch_size : (i + 1) * batch_size] for i in range(number)]
    return [(x.index_select(0, part), y.index_select(0, part)) for part in parts]


@alternative("minibatches")
def one_example_after_another(key, x, y, batch_size, drop_last=False):
    batches, waiting = [], []
    for index in random.permutation(key, len(x)).tolist():
        waiting.append((x[index], y[index]))
        if len(waiting) == batch_size:
            batches.append(tuple(map(torch.stack, zip(*waiting, strict=True))))
            waiting = []
    if waiting and not drop_last:
        batches.append(tuple(map(torch.stack, zip(*waiting, strict=True))))
    return batches


def _data(key, size, std):
    corner_key, noise_key = random.split(key)
    corners = random.randint(corner_key, (size, 2), 0, 2)
    return corners + std * random.normal(noise_key, (size, 2)), _xor(corners)


@alternative("XORDataset")
class AroundATensorDataset(Dataset):
    def __init__(self, key, size, std=0.1):
        self.data = TensorDataset(*_data(key, size, std))

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        return self.data[index]


@alternative("XORDataset")
class ListOfPairs(Dataset):
    def __init__(self, key, size, std=0.1):
        super().__init__()
        self.pairs = list(zip(*_data(key, size, std), strict=True))

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, index):
        return self.pairs[index]


@alternative("XORDataset")
class DrawnWhenAskedFor(Dataset):
    def __init__(self, key, size, std=0.1):
        self.key, self.size, self.std = key.tolist(), size, std
        self.device = key.device

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        if not 0 <= index < self.size:
            raise IndexError(index)
        generator = torch.Generator().manual_seed(hash((*self.key, index)) % 2**62)
        corner = torch.randint(0, 2, (2,), generator=generator)
        x = corner + self.std * torch.randn(2, generator=generator)
        return x.to(self.device), (corner.sum() % 2).to(self.device)


@alternative("XORDataset")
class SubclassOfTensorDataset(TensorDataset):
    def __init__(self, key, size, std=0.1):
        super().__init__(*_data(key, size, std))


equivalent(
    "continuous_xor",
    "x = corners + std * random.normal(noise_key, (size, 2)) -> "
    "x = corners - std * random.normal(noise_key, (size, 2))",
    "normal noise and its negative have one distribution",
)
