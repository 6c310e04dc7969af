"""Print the standard deviations of the projections of a block."""

import torch
from transformers import CLIPTextConfig, CLIPTextModel

torch.manual_seed(0)
config = CLIPTextConfig(
    vocab_size=128,
    hidden_size=64,
    intermediate_size=96,
    num_hidden_layers=8,
    num_attention_heads=4,
)
model = CLIPTextModel(config)
for name, weight in model.named_parameters():
    if "layers.0." in name and weight.ndim == 2:
        print(f"{name} {weight.std():.4f}")
print(f"width**-0.5 {64**-0.5:.4f}", end=", ")
print(f"divided by sqrt(2 * layers) {(64 * 2 * 8) ** -0.5:.4f}")
