"""The portable stream: values as a function of seed, name and index, the same everywhere.

`docs/portable-stream.md` is the standard, `golden.json` its golden vectors. In the order of a draw:

- `key` and `words` (with `philox`): from seed and name to random words, with random access;
- `inversion` (with `quantile`): from random words to values;
- `logical`, `elementwise` and `structured` (with `haar`): weights of which any part can be drawn;
- `tiles` and `threads`: cut a block into tiles, and draw them on several threads;
- `draw`: the weight of a resolved spec, or a block of it.
"""

from initspec.stream.key import check_name, check_seed, split_name

__all__ = ["check_name", "check_seed", "split_name"]
