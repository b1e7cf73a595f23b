"""How exercise 4 is checked: the inputs of each function, what must hold of it, and its hints.

Random data is judged by what any right draw has, in whatever order its numbers are drawn. The bounds of statistics are
six standard deviations wide, or as unlikely as that to be crossed, so that no right draw fails by chance.
"""

import math

import torch
from torch.utils.data import DataLoader, Dataset

from checker.spec import (
    boolean,
    check,
    deterministic_in_key,
    integer,
    key,
    labels,
    one_of,
    satisfies,
    seen_by,
    size,
    tensor,
)

ANSWERS = [
    *(f"xorfunc.data.{name}" for name in ("xor_labels", "continuous_xor", "minibatches", "XORDataset")),
    # `Dataset.__subclasses__()` has the class as well
    *(f"xorfunc.data.XORDataset.{name}" for name in ("__init__", "__len__", "__getitem__")),
]

check(
    "xor_labels",
    bits=labels("N 2"),
    least={"N": 0},
    off_limits=ANSWERS,
    hints=[
        "bits[:, 0] are the first bits. Which operator on ints is the exclusive or?",
        "bits[:, 0] ^ bits[:, 1]. Or ask where they differ, and make int64 of the answer.",
    ],
)


# Random data. `sizes` of the laws make room for a statistic.


def without_noise(answer, key, size, std):
    return answer.continuous_xor(key, size, 0.0)


def with_little_and_much_noise(answer, key, size, std):
    return {"little": answer.continuous_xor(key, size, 0.05), "much": answer.continuous_xor(key, size, 0.5)}


def with_noise_of_two_scales(answer, key, size, std):
    return {"std=0.1": answer.continuous_xor(key, size, 0.1), "std=2.0": answer.continuous_xor(key, size, 2.0)}


def with_little_noise(answer, key, size, std):
    return answer.continuous_xor(key, size, 0.05)


def xor_of(corners):
    return corners[:, 0].long() ^ corners[:, 1].long()


def draws_corners_evenly(drawn, key, size, std):
    """Draws the four corners equally often, each by chance, and at std=0 nothing but corners"""
    x, y = drawn
    if not bool(((x == 0) | (x == 1)).all()):
        return "with std=0 some points are no corners of the unit square"
    corners = (2 * x[:, 0] + x[:, 1]).long()
    often = torch.bincount(corners, minlength=4)
    if float((often - size / 4).abs().max()) > 6 * math.sqrt(size * 3 / 16):
        return f"the corners (0, 0), (0, 1), (1, 0), (1, 1) come {often.tolist()} times"
    repeats = float((corners[1:] == corners[:-1]).sum())
    if abs(repeats - (size - 1) / 4) > 6 * math.sqrt(size * 3 / 16):
        return "the corners follow a pattern instead of chance"
    wrong = y != xor_of(x)
    if bool(wrong.all()):
        return "every label is the opposite of the exclusive or"
    if bool(wrong.any()):
        corner = x[wrong][0].long().tolist()
        return f"the label of corner {corner} is not its exclusive or"
    return None


def labels_the_corners(drawn, key, size, std):
    """Labels each point by the corner that it comes from, not by where the noise has carried it"""
    (little, y), (much, y_of_much) = drawn["little"], drawn["much"]
    if bool((y != xor_of(little.round().clamp(0, 1))).any()):
        return "with std=0.05 points are not near the corner that their label belongs to"
    # One in four points is carried over an odd number of borders at std=0.5.
    agreeing = float((y_of_much == xor_of((much > 0.5))).double().mean())
    if agreeing > 0.73 + 6 * math.sqrt(0.2 / size):
        return f"with std=0.5 the labels are those of the noisy points, for {agreeing:.2f} of them"
    if agreeing < 0.73 - 6 * math.sqrt(0.2 / size):
        return f"with std=0.5 the labels go with only {agreeing:.2f} of the noisy points"
    return None


def normal_below(x):
    return (1 + torch.erf(x / math.sqrt(2))) / 2


def scales_the_noise(drawn, key, size, std):
    """Adds normal noise of standard deviation `std` to the corners"""
    wrong = [f"with {name} {found}" for name, (x, _) in drawn.items() if (found := of_the_noise(x, float(name[4:])))]
    return " and ".join(wrong) or None


def of_the_noise(x, std):
    """Say what is wrong with the noise of points; None if nothing is."""
    entries = x.double().flatten().sort().values
    expected = (normal_below(entries / std) + normal_below((entries - 1) / std)) / 2
    if std < 0.2:  # near enough to the corners to see the noise itself
        entries = (x - x.round().clamp(0, 1)).double().flatten().sort().values
        expected = normal_below(entries / std)
    steps = torch.arange(len(entries), device=x.device) / len(entries)
    gap = float((expected - steps).abs().max())
    # Dvoretzky, Kiefer and Wolfowitz: a larger gap has a chance of 2e-9, as six standard deviations have.
    if gap < math.sqrt(math.log(1e9) / (2 * len(entries))) + 1 / len(entries):
        return None
    variance = float(x.double().var(dim=0).mean() - 0.25)
    if float((x - x.round()).abs().max()) == 0:
        return "there is no noise"
    if abs(variance - std**2) < 0.1 * max(std**2, 0.25):
        return "the noise is not normal"
    return f"the noise is too {'small' if variance < std**2 else 'large'}: its variance is {variance:.3f}"


def draws_noise_independently(drawn, key, size, std):
    """Draws the noise independently of the corner, and for each coordinate by itself"""
    x, _ = drawn
    corners = x.round().clamp(0, 1)
    noise, sides = (x - corners) / 0.05, 2 * corners - 1
    bound = 6 / math.sqrt(size)
    pairs = {
        "the two coordinates have the same noise": (noise[:, 0], noise[:, 1]),
        "the noise depends on the corner": (noise.flatten() / 1.42, sides.flatten()),
        "the noise of one coordinate depends on the corner's other one": (noise[:, 0], sides[:, 1]),
        "one point's noise depends on the last one's": (noise[1:, 0], noise[:-1, 0]),
    }
    for wrong, (one, other) in pairs.items():
        if abs(float((one * other).double().mean())) > bound:
            return wrong
    return None


check(
    "continuous_xor",
    key=key(),
    size=size("N"),
    std=one_of(0.0, 0.1, 0.5),
    values=False,
    laws=[
        satisfies(draws_corners_evenly, trial=without_noise, N=2048),
        satisfies(scales_the_noise, trial=with_noise_of_two_scales, N=4096),
        satisfies(labels_the_corners, trial=with_little_and_much_noise, N=2048),
        satisfies(draws_noise_independently, trial=with_little_noise, N=2048),
        deterministic_in_key(N=60),
    ],
    off_limits=ANSWERS,
    hints=[
        "Two draws, two keys: corner_key, noise_key = random.split(key).",
        "Draw the corners as ints, random.randint(corner_key, (size, 2), 0, 2): their labels come from xor_labels.",
        "x = corners + std * random.normal(noise_key, (size, 2))",
    ],
)


# Batches, of examples that can be told apart: the numbers from 0 on, as x and as y.


def of_numbered_examples(answer, key, x, y, batch_size, drop_last):
    numbers = torch.arange(len(y), device=y.device)
    return answer.minibatches(key, numbers.to(x)[:, None], numbers, batch_size, drop_last)


def keeps_pairs_and_examples(batches, key, x, y, batch_size, drop_last):
    """Keeps each x with its own y, and has every example once"""
    if any(bool((xb[:, 0] != yb).any()) for xb, yb in batches):
        return "an x has come together with another one's y"
    numbers = torch.cat([yb for _, yb in batches]) if batches else y[:0]
    if len(numbers.unique()) < len(numbers):
        return "an example is there twice, and another one is missing"
    return None


def in_six_batches(answer, key, x, y, batch_size, drop_last):
    numbers = torch.arange(60, device=y.device)
    return answer.minibatches(key, numbers.to(x)[:, None], numbers, 11)


def shuffles_examples(batches, key, x, y, batch_size, drop_last):
    """Puts the examples themselves in random order, before it cuts them into batches"""
    numbers = torch.cat([yb for _, yb in batches])
    if bool((numbers == torch.arange(60, device=numbers.device)).all()):
        return "the examples are in their old order"
    neighbours = int(((numbers[1:] - numbers[:-1]).abs() == 1).sum())
    # Two of the 59 pairs of neighbours are expected to stay so; more than 20 have a chance of less than 1e-13.
    return "most examples still follow their old neighbours" if neighbours > 20 else None


def drops_only_a_short_batch(answer, key, x, y, batch_size, drop_last):
    """Leaves out the last batch only where it is short"""
    numbers = torch.arange(12, device=y.device)
    return answer.minibatches(key, numbers.to(x)[:, None], numbers, 4, True)


def shuffles_by_its_key(answer, key, x, y, batch_size, drop_last):
    """Shuffles by its key, and by nothing else"""
    numbers = torch.arange(60, device=y.device)
    first, again, other = (
        torch.cat([yb for _, yb in answer.minibatches(each, numbers.to(x)[:, None], numbers, 10)])
        for each in (key, key, key ^ 1)
    )
    return {"the same key, the same order": first.equal(again), "another key, the same order": first.equal(other)}


check(
    "minibatches",
    key=key(),
    x=tensor("N D"),
    y=labels("N"),
    batch_size=integer(1, 6),
    drop_last=boolean(),
    values=False,
    laws=[
        satisfies(keeps_pairs_and_examples, trial=of_numbered_examples, N=17, count=5),
        satisfies(shuffles_examples, trial=in_six_batches),
        seen_by(drops_only_a_short_batch, count=4),
        seen_by(shuffles_by_its_key, count=4),
    ],
    off_limits=ANSWERS,
    hints=[
        "One order for both: a permutation of the numbers of the examples, by which x and y are indexed alike.",
        "order = random.permutation(key, len(x)); a batch is x[part] and y[part] for a part of the order.",
        "order.split(batch_size) cuts it; the last part is short where the numbers do not divide.",
    ],
)


# The dataset


def all_its_items(answer, key, size, std):
    dataset = answer.XORDataset(key, size, std)
    return [dataset[index] for index in range(len(dataset))]


def is_a_dataset(answer, key, size, std):
    """Is a `torch.utils.data.Dataset` that ends where its length says"""
    dataset = answer.XORDataset(key, size, std)
    return {"a Dataset": isinstance(dataset, Dataset), "past the end": past_the_end(dataset, size)}


def past_the_end(dataset, size):
    try:
        dataset[size]
    except Exception as error:
        return f"{type(error).__name__}"
    return "gives an item"


def works_in_a_data_loader(answer, key, size, std):
    """Works in a DataLoader"""
    return list(DataLoader(answer.XORDataset(key, size, std), batch_size=3))


def gives_the_same_item_again(answer, key, size, std):
    """Gives the same item each time it is asked for it"""
    dataset = answer.XORDataset(key, size, std)
    first, again = ([dataset[index] for index in range(size)] for _ in range(2))
    same = all(x.equal(u) and y.equal(v) for (x, y), (u, v) in zip(first, again, strict=True))
    return {"the same item again": same}


def stacked(dataset):
    xs, ys = zip(*(dataset[index] for index in range(len(dataset))), strict=True)
    return torch.stack(xs), torch.stack(ys)


def items_without_noise(answer, key, size, std):
    return stacked(answer.XORDataset(key, size, 0.0))


def items_with_little_and_much_noise(answer, key, size, std):
    return {name: stacked(answer.XORDataset(key, size, by)) for name, by in (("little", 0.05), ("much", 0.5))}


def items_with_the_default_noise(answer, key, size, std):
    return {"std=0.1": stacked(answer.XORDataset(key, size)), "std=2.0": stacked(answer.XORDataset(key, size, 2.0))}


check(
    "XORDataset",
    key=key(),
    size=size("N"),
    std=one_of(0.0, 0.1, 0.5),
    trial=all_its_items,
    values=False,
    laws=[
        seen_by(is_a_dataset, count=3),
        seen_by(works_in_a_data_loader, count=2),
        seen_by(gives_the_same_item_again, count=3),
        satisfies(draws_corners_evenly, trial=items_without_noise, N=300),
        satisfies(scales_the_noise, trial=items_with_the_default_noise, N=300),
        satisfies(labels_the_corners, trial=items_with_little_and_much_noise, N=300),
        deterministic_in_key(N=60),
    ],
    off_limits=ANSWERS,
    hints=[
        "__init__ draws all the data and keeps it; the other two methods only look at what is kept.",
        "self.x, self.y = continuous_xor(key, size, std), and __len__ is the length of one of them.",
        "__getitem__ gives self.x[index], self.y[index]; indexing a tensor past its end raises the IndexError.",
    ],
)
