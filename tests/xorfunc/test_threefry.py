import pytest
import torch

from xorfunc.threefry import threefry2x32


@pytest.mark.parametrize(
    ("key", "counter", "block"),
    [  # the known answers of Random123, the library of the cipher's authors
        ((0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_the_cipher_gives_its_authors_answers(key, counter, block):
    high, low = torch.tensor(counter)
    assert tuple(word.item() for word in threefry2x32(torch.tensor(key), high << 32 | low)) == block


def test_no_two_counters_share_a_block():
    first, second = threefry2x32(torch.tensor([1, 2]), torch.arange(100_000) + 2**32 - 50_000)
    assert len((first << 32 | second).unique()) == 100_000
