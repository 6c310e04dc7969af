"""Print the moments of the token embedding."""

import keras_hub
import numpy as np

model = keras_hub.models.T5Backbone(
    vocabulary_size=256,
    num_layers=1,
    num_heads=4,
    hidden_dim=64,
    intermediate_dim=96,
)
table = np.asarray(model.token_embedding.embeddings.numpy())
print(f"mean {table.mean():.3f}, std {table.std():.3f}")
print(model.token_embedding.embeddings_initializer.get_config())
