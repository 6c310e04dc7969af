"""Print the first values of the kernels of an attention layer."""

import keras_hub
import numpy as np

model = keras_hub.models.LlamaBackbone(
    vocabulary_size=256,
    num_layers=1,
    num_query_heads=4,
    num_key_value_heads=2,
    hidden_dim=64,
    intermediate_dim=96,
)
for weight in model.weights:
    if "self_attention/" in weight.path and weight.path.endswith("kernel"):
        print(weight.path, weight.shape, np.asarray(weight.numpy()).ravel()[:3])
