"""Print the row of the padding token."""

import torch
from transformers import ModernBertConfig, ModernBertModel

torch.manual_seed(0)
config = ModernBertConfig(
    vocab_size=128,
    hidden_size=64,
    num_hidden_layers=1,
    num_attention_heads=4,
    pad_token_id=0,
)
table = ModernBertModel(config).embeddings.tok_embeddings
row = table.weight[table.padding_idx, :3]
print("padding_idx", table.padding_idx, "row", row.tolist())
