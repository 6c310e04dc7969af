"""Compare the two matrices of an untied embedding."""

import keras
import numpy as np

layer = keras.layers.ReversibleEmbedding(256, 64, tie_weights=False)
layer.build()
embeddings, reverse = (np.asarray(weight.numpy()) for weight in layer.weights)
print(embeddings.shape, reverse.shape)
print("all values equal:", (embeddings.ravel() == reverse.ravel()).all())
