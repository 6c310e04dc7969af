#!/bin/sh
# What only a machine with a GPU can show, of torch and of JAX where they are installed for it, with
# the dependencies of the tests. Installs nothing, and asks nothing of the network.
cd "$(dirname "$0")/.." || exit
export XLA_PYTHON_CLIENT_PREALLOCATE=false # JAX would take three quarters of the device's memory
failed=0
for tests in torch/test_torch_cuda.py jax/test_jax_gpu.py; do
    framework=${tests%%/*}
    python -c "import $framework" 2>/dev/null || continue
    python -m pytest -q "tests/$tests" || failed=1
    python -m benchmarks.gpu "$framework" || failed=1
done
exit $failed
