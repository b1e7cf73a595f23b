"""Pure-functional PyTorch for one small network: parameters in, new parameters out."""
