"""Layer tables with a mistake in them: an error says where it is and what to write."""

import re

import pytest

from initspec import InitSpecError
from initspec.backend import read_layers

TABLE = """
module = "lamp"
[layers."Conv1d Conv2d".weight]
role = "kernel"
axes = ["out in kernel", "out in kernel kernel"]
[[weights]]
"""


@pytest.mark.parametrize(
    ("package", "row", "says"),
    [
        (
            "lamp_without_a_class",
            'name = "lamp Conv3d"\nlayer = "Conv3d"\nparameter = "weight"\nshape = [2, 3]',
            "vocabulary/layers.toml: the weight 'lamp Conv3d' is of the layer 'Conv3d', which has "
            "no table; write one",
        ),
        (
            "lamp_without_a_rank",
            'name = "lamp Conv2d"\nlayer = "Conv2d"\nparameter = "weight"\nshape = [2, 3]',
            "[layers.'Conv1d Conv2d'], weight: no axes of rank 2 in ['out in kernel', 'out in "
            "kernel kernel']; add a line of 2 axes",
        ),
    ],
)
def test_mistakes_in_a_table(tmp_path, monkeypatch, package, row, says):
    """A weight of a class without a table, and one of a rank without a line."""
    (tmp_path / package / "vocabulary").mkdir(parents=True)
    (tmp_path / package / "__init__.py").touch()
    (tmp_path / package / "vocabulary" / "layers.toml").write_text(TABLE + row)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InitSpecError, match=re.escape(says)):
        read_layers(package)
