"""What the initializers of TensorFlow 2 beside Keras' mean: `tf.random_normal_initializer`."""

from __future__ import annotations

from initspec.backend import IN_OUT
from initspec.translate.authors import Vocabulary
from initspec_keras.vocabulary.functions import KERAS

TENSORFLOW = Vocabulary("keras", "TensorFlow", "tf", ("tensorflow",), IN_OUT)

# tensorflow/python/ops/init_ops_v2.py has the arguments and defaults of Keras.
for _name, _keras in {
    "random_normal_initializer": "RandomNormal",
    "random_uniform_initializer": "RandomUniform",
    "constant_initializer": "Constant",
    "zeros_initializer": "Zeros",
    "ones_initializer": "Ones",
}.items():
    _entry = KERAS.entries[_keras]
    assert _entry.reader is not None
    TENSORFLOW.line(_name, topic=_entry.topic)(_entry.reader)
