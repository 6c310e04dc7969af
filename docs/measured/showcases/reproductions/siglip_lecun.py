"""Print the standard deviation of transformers' LeCun normal."""

import torch
from transformers.initialization import lecun_normal_

torch.manual_seed(0)
weight = lecun_normal_(torch.empty(1024, 1024))
print(f"std {weight.std():.5f}, largest {weight.abs().max():.4f}", end="; ")
print(f"sqrt(1 / fan_in) is {1024**-0.5}")
