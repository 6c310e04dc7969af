"""A framework's own line of a name, drawn: beside the spec that it is, and beside the paper's."""

import pytest

from initspec import InitSpec
from initspec.backend import HasBuiltins
from initspec.compare import compare


def test_a_line_agrees_with_what_it_is_alone(backend):
    """`he_normal` is cut in some frameworks, and not in others: what is drawn is what is read."""
    if not isinstance(backend, HasBuiltins) or backend.name == "dummy":
        pytest.skip(f"{backend.name} has no line of that name")
    specs = InitSpec.he_normal(), InitSpec.he_truncated_normal()
    lines = [compare(spec, (1024, 512), backends=[backend]).namesakes[0] for spec in specs]
    assert {line.values for line in lines} == {2**20}
    (right,) = (line for line in lines if line.agrees)
    (wrong,) = (line for line in lines if not line.agrees)
    assert right.spec == wrong.spec == str(specs[lines.index(right)])
    assert right.p_value > 1e-6 > wrong.p_value
