"""Changes settings of the whole process."""

import os
import random
import sys

import torch

torch.set_default_dtype(torch.float64)
torch.set_grad_enabled(False)
sys.setrecursionlimit(150)
random.seed(0)
os.chdir("/")
os.environ["HOME"] = "/nowhere"


def double(x):
    return torch.tensor(2.0) * x
