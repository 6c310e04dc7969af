"""`initspec explain`: the numbers of a spec on one weight, and its name in each framework."""

from __future__ import annotations

from initspec.cli.options import AXES, DTYPE, JSON, SHAPE, SPEC


def explain(
    spec: str = SPEC,
    shape: str = SHAPE,
    axes: str = AXES,
    dtype: str = DTYPE,
    as_json: bool = JSON,
) -> None:
    """Show the numbers of a spec on a weight, and its name in each framework.

    Example:
      initspec explain he_normal --shape 64,32,3,3
    """
    from initspec.api import InitSpec
    from initspec.cli.arguments import read_shape
    from initspec.cli.console import print_json
    from initspec.cli.pages.explain import explained, show

    result = explained(InitSpec.parse(spec), read_shape(shape), axes, dtype)
    if as_json:
        print_json(result.to_dict())
    else:
        show(result)
