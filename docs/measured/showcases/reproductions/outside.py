"""Count values of a truncated normal outside its bounds, on torch."""

import keras
import numpy as np

keras.utils.set_random_seed(0)
draw = keras.initializers.TruncatedNormal(stddev=1.0)((4000, 1000))
values = np.abs(keras.ops.convert_to_numpy(draw))
print(keras.backend.backend(), "beyond 2:", (values > 2).sum(), end=" ")
print("the largest:", values.max())
