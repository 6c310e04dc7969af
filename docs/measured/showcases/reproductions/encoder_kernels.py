"""Print the first values of the kernels of an encoder block."""

import keras_hub
import numpy as np

model = keras_hub.models.RoformerV2Backbone(
    vocabulary_size=256,
    num_layers=1,
    num_heads=4,
    hidden_dim=64,
    intermediate_dim=96,
    head_size=16,
)
for weight in model.weights:
    if weight.path.endswith("kernel"):
        print(weight.path, weight.shape, np.asarray(weight.numpy()).ravel()[:3])
