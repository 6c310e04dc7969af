"""Print the standard deviations of the tokens."""

import torch
from transformers import DeiTConfig, DeiTModel

torch.manual_seed(0)
config = DeiTConfig(
    hidden_size=64,
    num_hidden_layers=1,
    num_attention_heads=4,
    image_size=32,
)
embeddings = DeiTModel(config).embeddings
print("class token", embeddings.cls_token.std().item())
print("positions", embeddings.position_embeddings.std().item())
