"""A 5-layer ReLU network on real digits, from one seed in PyTorch, Keras, JAX and NumPy.

`python -m examples.digits.with_torch`, `with_keras` or `with_jax` trains it from three
initializations and prints its losses. The weights are equal to the bit, so that the frameworks
differ by rounding alone.
"""
