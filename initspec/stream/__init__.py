"""The portable stream: from a seed, a name and a place to the value there, the same everywhere.

`docs/portable-stream.md` is the standard, `golden.json` its golden vectors. In the order of a draw:

- `key` and `words` (with `philox`): the seed and the name to random words, any of them alone;
- `inversion` (with `quantile` and `double_double`): random words to values;
- `logical`, `elementwise` and `structured` (with `haar`): weights that can be asked for any part;
- `tiles` and `threads`: a part of a weight cut up, and who draws which piece;
- `draw`: the weight of a resolved, or a block of it.
"""

from initspec.stream.key import check_name, check_seed, split_name

__all__ = ["check_name", "check_seed", "split_name"]
