"""Our draws over the framework's own on a GPU: `python -m benchmarks.gpu torch`, or `jax`.

Prints a table and writes nothing: docs/performance.md is measured where there is no GPU.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks.measure.bench import spread, times

Call = Callable[[], object]
Row = tuple[str, Call, Call]

SIDES = {"orthogonal": 2048, "sparse": 2048}
SEED = 7


def torch_rows(device: str = "cuda", most: int = 4096) -> Iterator[Row]:
    """Yield what is drawn, our call and torch's, each of which waits for the device."""
    import torch

    from benchmarks.measure.test_torch import PAIRS
    from initspec import InitSpec

    def row(what: str, fill: Any, own: Any, side: int, dtype: Any = torch.float32) -> Row:
        weight = torch.empty(side, side, dtype=dtype, device=device)

        def waiting(call: Any) -> Call:
            def timed() -> None:
                call(weight)
                if device == "cuda":
                    torch.cuda.synchronize()

            return timed

        return f"{what}, {side} x {side}", waiting(fill), waiting(own)

    for name, (spec, own) in PAIRS.items():
        yield row(name, spec.to_torch(), own, min(SIDES.get(name, 4096), most))
    for name in ("kaiming-normal", "kaiming-uniform", "trunc-normal"):
        spec, own = PAIRS[name]
        yield row(f"{name}, bfloat16", spec.to_torch(), own, most, torch.bfloat16)
    wide = InitSpec.truncated_normal(std=1.0, lower=-6, upper=6, corrected=False)
    own = PAIRS["trunc-normal"][1]
    yield row("trunc-normal at 6", wide.to_torch(), lambda x: own(x, a=-6, b=6), most)
    for name, (spec, own) in PAIRS.items():
        yield row(name, spec.to_torch(), own, 16)
    spec, own = PAIRS["kaiming-normal"]
    yield row("kaiming-normal with a seed", spec.to_torch(seed=SEED), own, most)


def jax_rows(most: int = 4096) -> Iterator[Row]:
    """Yield what is drawn, our call and JAX', both under jit, on JAX' default device."""
    from benchmarks.measure.test_jax import PAIRS, jitted

    for side in (most, 16):
        for name, (spec, own) in PAIRS.items():
            size = min(SIDES.get(name, side), side)
            yield (
                f"{name}, {size} x {size}",
                jitted(spec.to_jax(), size),
                jitted(own, size),
            )


def table(rows: Iterator[Row], rounds: int = 15) -> Iterator[str]:
    """Yield a line for each row: the ratio of pairs timed in turn, and the medians."""
    yield f"{'what':<36} {'ratio':>8} {'quartiles':>19} {'ours us':>10} {'theirs us':>10}"
    for what, ours, theirs in rows:
        pairs = _pairs(ours, theirs, rounds)
        ratio = spread([own / other for own, other in pairs])
        own, other = (spread(side)["median"] * 1e6 for side in zip(*pairs, strict=True))
        quartiles = f"{ratio['low']:.3f} to {ratio['high']:.3f}"
        yield f"{what:<36} {ratio['median']:>8.3f} {quartiles:>19} {own:>10.0f} {other:>10.0f}"


def _pairs(ours: Call, theirs: Call, rounds: int) -> Sequence[tuple[float, float]]:
    for call in (ours, theirs, ours, theirs):
        times(call)
    pairs = []
    for count in range(rounds):
        if count % 2:
            other = times(theirs)[0]
            pairs.append((times(ours)[0], other))
        else:
            pairs.append((times(ours)[0], times(theirs)[0]))
    return pairs


def main() -> None:
    """Run the command line."""
    if sys.argv[1:] == ["torch"]:
        import torch

        if not torch.cuda.is_available():
            sys.exit("torch has no CUDA device here")
        print(f"torch {torch.__version__} on {torch.cuda.get_device_name()}")
        rows = torch_rows()
    elif sys.argv[1:] == ["jax"]:
        import jax

        if jax.default_backend() != "gpu":
            sys.exit("JAX has no GPU here")
        print(f"jax {jax.__version__} on {jax.devices()[0].device_kind}")
        rows = jax_rows()
    else:
        sys.exit("python -m benchmarks.gpu torch, or jax")
    for line in table(rows):
        print(line, flush=True)


if __name__ == "__main__":
    main()
