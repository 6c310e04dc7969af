"""Print what the feed-forward network of xLSTM returns at its start."""

import torch
from transformers import xLSTMConfig, xLSTMModel

torch.manual_seed(0)
config = xLSTMConfig(
    vocab_size=128,
    hidden_size=64,
    num_hidden_layers=1,
    num_heads=4,
)
network = xLSTMModel(config).blocks[0].ffn
output = network(torch.randn(8, 64))
output.sum().backward()
print("largest output", output.abs().max().item())
for name, weight in network.named_parameters():
    print(name, f"std {weight.std():.4f}", end=", ")
    print("largest gradient", weight.grad.abs().max().item())
