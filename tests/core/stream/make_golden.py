"""Add the cases that initspec/stream/golden.json does not have: those that it has never change.

python tests/core/stream/make_golden.py
"""

import hashlib
import json
from pathlib import Path

from initspec import InitSpec
from initspec.dtypes import float_type
from initspec.stream.draw import draw

GOLDEN = Path(__file__).parents[3] / "initspec" / "stream" / "golden.json"

# spec, shape, axes, seed, name, dtype
CASES = [
    ("normal(std=1.0)", (7, 5), None, 0, "", "float32"),
    ("normal(std=1.0)", (7, 5), None, 1, "", "float32"),
    ("normal(std=1.0)", (7, 5), None, 0, "a", "float32"),
    ("normal(std=1.0)", (7, 5), None, 2**64 - 1, "层.重み.😀", "float32"),
    ("normal(std=1.0)", (1, 1), None, 7, "w", "float32"),
    ("normal(std=1.0)", (), None, 7, "w", "float32"),
    ("normal(std=1.0)", (0, 3), None, 7, "w", "float32"),
    ("he_normal", (271, 500), None, 7, "encoder.0.weight", "float32"),
    ("he_normal", (131, 97), "in out", 7, "encoder.0.weight", "float32"),
    ("he_normal(gain=1.5, mode=fan_out)", (33, 17), None, 7, "w", "float64"),
    ("he_normal", (13, 11), None, 7, "w", "bfloat16"),
    ("he_normal", (13, 11), None, 7, "w", "float16"),
    ("normal(std=0.02, mean=3.0)", (9, 9), None, 7, "w", "float32"),
    # Narrow beside its mean: some hundred float32 numbers.
    ("normal(std=1e-06, mean=1.0)", (31, 9), None, 7, "w", "float32"),
    ("truncated_normal(std=1e-05, mean=-3.0)", (31, 9), None, 7, "w", "float32"),
    ("normal(std=1e-30)", (9, 9), None, 7, "w", "float32"),
    ("normal(std=1e-200)", (5, 5), None, 7, "w", "float64"),
    ("lecun_normal", (19,), "out [in=512]", 7, "bias", "float32"),
    ("lecun_normal(mode=fan_geo_avg)", (6, 5, 3, 3), None, 7, "conv.weight", "float32"),
    ("glorot_uniform", (3, 3, 5, 6), "kernel... in out", 7, "conv.weight", "float32"),
    ("glorot_uniform", (6, 5, 3, 3), None, 7, "conv.weight", "float64"),
    ("uniform(low=-0.1, high=0.3)", (12, 12), None, 7, "w", "float32"),
    ("uniform(low=0.0, high=1.0)", (12, 12), None, 7, "w", "bfloat16"),
    ("he_truncated_normal", (190, 181), None, 7, "w", "float32"),
    ("he_truncated_normal", (31, 9), None, 7, "w", "float64"),
    ("truncated_normal(std=0.02, lower=-1.0, upper=3.0)", (16, 16), None, 7, "w", "float32"),
    (
        "truncated_normal(std=2.0, mean=1.0, lower=3.0, upper=6.0, corrected=False)",
        (11, 3),
        None,
        7,
        "w",
        "float32",
    ),
    (
        "truncated_normal(std=1.0, lower=0.0, upper=5.0, corrected=False)",
        (11, 3),
        None,
        7,
        "w",
        "float64",
    ),
    ("he_normal", (12, 5), "(stack=3 out) in", 7, "attention.in_proj", "float32"),
    ("he_normal", (4, 5), None, 7, "attention.in_proj[1]", "float32"),
    ("he_normal", (4, 5), None, 7, "attention.in_proj[[1]]", "float32"),
    ("he_normal", (5, 12), "in (stack=3 out)", 7, "attention.in_proj[1]", "float32"),
    ("normal(std=1.0)", (50, 24), "stack out", 7, "embedding", "float32"),
    ("he_normal", (3, 3, 8, 2), "kernel kernel stack out", 7, "depthwise", "float16"),
    ("sparse(sparsity=0.3, std=1.0)", (20, 15), None, 7, "w", "float32"),
    ("sparse(sparsity=0.07, std=1.0, along=out)", (100, 7), None, 7, "w", "bfloat16"),
    ("sparse(sparsity=0.5, std=1.0)", (5, 24, 3), "in (stack=4 out) kernel", 7, "w", "float64"),
    ("sparse(sparsity=0.5, std=1e-07)", (16, 16), None, 7, "w", "float16"),
    ("orthogonal", (24, 24), None, 7, "w", "float32"),
    ("orthogonal(gain=1.4)", (8, 5, 3, 3), None, 7, "w", "float32"),
    ("orthogonal", (6, 40), "in (stack=4 out)", 7, "lstm", "float64"),
    ("orthogonal", (20, 8), None, 7, "w", "bfloat16"),
    ("delta_orthogonal", (3, 4, 5, 8), "kernel... in out", 7, "w", "float32"),
    ("identity(gain=0.1)", (4, 6), None, 7, "w", "float32"),
    ("dirac", (4, 6, 3, 4), None, 7, "w", "float64"),
    ("constant(value=0.1)", (3, 3), None, 7, "w", "bfloat16"),
    # Larger than a tile of the sampler, 2^18 elements.
    ("he_normal", (521, 509), "in out", 7, "encoder.0.weight", "float32"),
    ("glorot_uniform", (3, 3, 173, 171), "kernel... in out", 7, "conv.weight", "float64"),
    ("lecun_truncated_normal", (7, 193, 211), "stack in out", 7, "experts", "bfloat16"),
    ("sparse(sparsity=0.9, std=0.01)", (521, 509), None, 7, "w", "float32"),
    # Tiny, odd and stacked orthogonal ones; the farthest knots there are.
    ("orthogonal", (1, 1), None, 7, "w", "float32"),
    ("orthogonal", (3, 5, 7), "stack out in", 7, "experts", "float16"),
    (
        "delta_orthogonal(gain=0.5)",
        (6, 3, 2, 4),
        "(stack=2 out) in kernel kernel",
        7,
        "w",
        "float64",
    ),
    ("identity", (6, 5), "(stack=2 out) in", 7, "w", "float16"),
    ("dirac", (3, 4, 6), "kernel in (stack=2 out)", 7, "w", "bfloat16"),
    (
        "truncated_normal(std=1.0, lower=5.9, upper=16.0, corrected=False)",
        (37, 3),
        None,
        7,
        "w",
        "float64",
    ),
    # Members of unequal size: after, before and between other factors.
    ("he_normal", (12, 5), "(stack out=7+2+3) in", 7, "attention.qkv", "float32"),
    ("he_normal", (2, 5), None, 7, "attention.qkv[1]", "float32"),
    ("glorot_uniform", (5, 16), "in (out=2 stack out=5+3)", 7, "attention.qkv", "float64"),
    ("orthogonal", (2, 9, 4), "stack (stack out=6+3) in", 7, "layers.qkv", "float32"),
    (
        "sparse(sparsity=0.3, std=1.0, along=out)",
        (10, 6),
        "(stack=2 in=7+3) out",
        7,
        "w",
        "float16",
    ),
    ("dirac", (3, 5, 6), "kernel in (stack out=4+2)", 7, "w", "bfloat16"),
    ("identity(gain=0.5, noise=0.01)", (6, 10), "(stack=2 out) in", 7, "w", "float32"),
    ("dirac(gain=1.3, noise=0.001)", (3, 4, 5), "kernel in out", 7, "w", "float64"),
    ("identity(noise=0.3)", (9, 7), None, 7, "w", "bfloat16"),
    ("repeat(of=he_normal(mode=fan_out), times=4)", (8, 3, 3, 2), None, 7, "up", "float32"),
    (
        "repeat(of=he_uniform, times=4, order=tiled)",
        (3, 2, 3, 8),
        "kernel... in out",
        7,
        "up",
        "float64",
    ),
    ("repeat(of=orthogonal, along=stack)", (4, 3, 5), "stack out in", 7, "experts", "float32"),
    (
        "repeat(of=sparse(sparsity=0.4, std=0.1), times=3)",
        (5, 12),
        "in (stack=2 out)",
        7,
        "w",
        "bfloat16",
    ),
    (
        "repeat(of=he_truncated_normal(mode=fan_avg), times=2)",
        (12, 5),
        "(stack out=4+8) in",
        7,
        "w",
        "float32",
    ),
    # Other powers of the fan.
    (
        "variance_scaling(scale=0.3333333333333333, distribution=uniform, power=-1.0)",
        (9, 7),
        None,
        7,
        "siren",
        "float32",
    ),
    ("variance_scaling(scale=2.0, mode=fan_avg, power=-0.75)", (6, 5), None, 7, "w", "float64"),
    ("ramp(start=0.1, stop=0.7)", (11,), None, 7, "w", "float32"),
    (
        "ramp(start=1.0, step=0.3, along=in)",
        (3, 5, 4),
        "kernel in (stack=2 out)",
        7,
        "w",
        "float16",
    ),
    ("ramp(start=-0.7, stop=0.1, along=kernel)", (2, 3, 3, 4), None, 7, "w", "float64"),
    ("ramp(start=1e-05, stop=0.9, along=out)", (9, 2), "(stack out=4+5) in", 7, "w", "bfloat16"),
    ("ramp(start=-6.0, stop=1.0, power=0.7)", (1, 1, 17), "out out out", 7, "w", "float64"),
    ("ramp(start=0.1, step=0.3, along=stack, power=1.5)", (13, 2), "stack out", 7, "w", "float32"),
    ("ramp(start=1.0, step=1.0, along=in, through=log)", (3, 16), "out in", 7, "A_log", "float32"),
    ("ramp(start=1e-3, stop=3.0, through=inverse_softplus)", (9,), None, 7, "w", "float64"),
    ("ramp(start=-2.0, stop=3.0, power=2.0, through=exp)", (9,), None, 7, "w", "bfloat16"),
    # Positions beyond 64, from which the others are turned.
    ("sinusoidal", (150, 6), "stack out", 7, "positions", "float64"),
    ("sinusoidal(halves=True, endpoint=True)", (1, 70, 8), "stack stack out", 7, "w", "float32"),
    ("sinusoidal(halves=True, grid=True)", (8, 3, 5), "out stack stack", 7, "w", "float64"),
    (
        "sinusoidal(base=500.0, grid=True, extra_tokens=1, gain=0.3)",
        (10, 12),
        "stack out",
        7,
        "w",
        "float16",
    ),
    ("rotary", (32,), None, 7, "inv_freq", "float32"),
    ("rotary(base=500000.0)", (2, 3), "stack stack", 7, "inv_freq", "float64"),
    ("hippo_legs", (2, 9, 9), "stack in out", 7, "A", "float32"),
    ("hippo_legs(matrix=B)", (9,), None, 7, "B", "float64"),
    # Passed through a function.
    ("log_uniform(low=0.001, high=0.1)", (37, 11), None, 7, "dt", "float32"),
    ("log_uniform(low=0.001, high=0.1)", (13, 11), None, 7, "dt", "float64"),
    (
        "log_uniform(low=0.001, high=0.1, through=inverse_softplus)",
        (131,),
        None,
        7,
        "dt",
        "float32",
    ),
    ("log_uniform(low=0.5, high=1.0, through=inverse_softplus)", (31,), None, 7, "dt", "float64"),
    ("uniform(low=1.0, high=16.0, through=log)", (24, 5), None, 7, "A_log", "float32"),
    ("uniform(low=1.0, high=16.0, through=log)", (24, 5), None, 7, "A_log", "bfloat16"),
    ("normal(std=0.5, mean=1.0, through=exp)", (24, 5), "in out", 7, "w", "float32"),
    ("normal(std=0.5, through=exp)", (24, 5), "(stack=3 out) in", 7, "w", "float16"),
    (
        "truncated_normal(std=0.1, mean=0.25, lower=-1.0, through=log)",
        (24, 5),
        None,
        7,
        "w",
        "float64",
    ),
    ("InitSpec(mapped(truncated_normal, exp), he, gain=2.0)", (24, 5), None, 7, "w", "float32"),
]


def entry(line, shape, axes, seed, name, dtype):
    spec, kind = InitSpec.parse(line), float_type(dtype)
    w = draw(spec.resolve(shape, axes), kind, seed, name)
    document = spec.to_dict()
    return {
        "spec": str(spec),
        "distribution": document["distribution"],
        "variance": document.get("variance"),
        "gain": spec.gain,
        "mode": spec.mode,
        "shape": shape,
        "axes": axes,
        "seed": str(seed),
        "name": name,
        "dtype": dtype,
        "first": [float(v).hex() for v in w.ravel()[:6]],
        "sha256": hashlib.sha256(w.astype(w.dtype.newbyteorder("<")).tobytes()).hexdigest(),
    }


def key(case):
    return json.dumps([case[part] for part in ("spec", "shape", "axes", "seed", "name", "dtype")])


if __name__ == "__main__":
    lines = GOLDEN.read_text("utf-8").splitlines()[1:-1]
    kept = [line.rstrip(",") for line in lines]
    known = {key(json.loads(line)) for line in kept}
    added = [made for case in CASES if key(made := entry(*case)) not in known]
    entries = ",\n".join(kept + [json.dumps(made) for made in added])
    GOLDEN.write_text(f'{{"version": 1, "weights": [\n{entries}\n]}}\n', "utf-8")
