"""Print the first values of a router and its experts."""

import keras_hub
import numpy as np

model = keras_hub.models.QwenMoeBackbone(
    vocabulary_size=256,
    num_layers=1,
    num_query_heads=4,
    num_key_value_heads=2,
    hidden_dim=64,
    intermediate_dim=96,
    moe_intermediate_dim=48,
    shared_expert_intermediate_dim=48,
    num_experts=4,
)
for weight in model.weights:
    if "sparse_moe_block" in weight.path:
        print(weight.path, weight.shape, np.asarray(weight.numpy()).ravel()[:3])
