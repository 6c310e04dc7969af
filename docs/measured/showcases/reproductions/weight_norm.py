"""Run _init_weights on a convolution under weight norm."""

import math

import torch
from transformers import Wav2Vec2Config, Wav2Vec2Model

torch.manual_seed(0)
config = Wav2Vec2Config(
    hidden_size=64,
    num_hidden_layers=1,
    num_attention_heads=4,
    intermediate_size=96,
    conv_dim=[16] * 7,
    num_conv_pos_embeddings=16,
    num_conv_pos_embedding_groups=4,
)
model = Wav2Vec2Model(config)
conv = model.encoder.pos_conv_embed.conv
stated = 2 * math.sqrt(1 / (conv.kernel_size[0] * conv.in_channels))
fan_in = conv.kernel_size[0] * conv.in_channels / conv.groups
default = 1 / math.sqrt(3 * fan_in)
print(f"std {conv.weight.std():.4f}; stated {stated:.4f}", end="; ")
print(f"the default of nn.Conv1d {default:.4f}")
before = conv.weight.clone()
model._init_weights(model.encoder.pos_conv_embed)
print("_init_weights changes it:", not torch.equal(conv.weight, before))
