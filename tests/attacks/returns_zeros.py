"""Returns zeros, which are within a fixed tolerance of small answers."""

import torch

ATTACKS = "exercise6.log_prob_one"


def log_prob_one(s):
    return (s.clamp(max=0) * 0.999999).clamp(min=-1e-6) * 1.0
