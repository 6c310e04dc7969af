"""Print the standard deviations of the kernels of a block."""

import keras_hub
import numpy as np

model = keras_hub.models.MixtralBackbone(
    vocabulary_size=256,
    num_layers=1,
    num_query_heads=4,
    num_key_value_heads=2,
    hidden_dim=64,
    intermediate_dim=96,
    num_experts=4,
)
decoder = next(layer for layer in model.layers if "transformer" in layer.name)
stddev = decoder.kernel_initializer.stddev
print("the decoder's kernel_initializer has stddev", stddev)
for weight in decoder.weights:
    if len(weight.shape) > 1:
        print(f"{weight.path} std {np.asarray(weight.numpy()).std():.4f}")
