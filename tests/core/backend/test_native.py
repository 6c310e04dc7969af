"""What is read back without a framework: names, configurations, and what is neither."""

from __future__ import annotations

import pytest

from initspec import InitSpec, InitSpecError


def test_names_and_configurations_import_no_framework(fresh):
    """Those of Keras are read, and other objects refused, by vocabularies alone."""
    out = fresh(
        "import sys\n"
        "from initspec import InitSpec, InitSpecError\n"
        "print(InitSpec.from_native('he_normal'))\n"
        "print(InitSpec.from_native({'class_name': 'RandomNormal', 'config': {'stddev': 0.1}}))\n"
        "try: InitSpec.from_native(len)\n"
        "except InitSpecError: print('refused')\n"
        "print(*{'torch', 'keras', 'jax', 'flax'} & set(sys.modules))"
    )
    assert out.splitlines() == ["he_truncated_normal", "normal(std=0.1)", "refused"]


def test_configurations_of_older_keras():
    """The module of its own classes, and a dtype, which is no part of the law."""
    old = {
        "class_name": "RandomNormal",
        "config": {"stddev": 0.1, "seed": None, "dtype": "float32"},
    }
    new = {"module": "keras.src.initializers.random_initializers", **old}
    assert {str(InitSpec.from_native(form)) for form in (old, new)} == {"normal(std=0.1)"}


@pytest.mark.parametrize(
    ("initializer", "message"),
    [
        (None, "None is not an initializer of .*jax, keras, torch"),
        (0.02, "0.02 is not an initializer"),
        (len, r"len> is not .*write its law as a spec"),
        (dict, "dict is not an initializer"),
        (InitSpec.he_normal(), r"InitSpec.he_normal\(\) is not an initializer"),
        ("henormal", "did you mean 'HeNormal'"),
        ("he_normal(gain=2)", "InitSpec.parse reads a line of initspec"),
        ("torch.nn.init.normal_", "initspec.translate.translate a line of code"),
        ("", "'' is not a name"),
        ({}, "not the configuration of an initializer"),
        ({"class_name": "HeNormal", "config": None}, "not the configuration of an initializer"),
        ({"class_name": "HeNorm"}, "did you mean 'HeNormal'"),
        ({"class_name": "HeNormal", "config": {"scale": 2}}, "unknown argument 'scale'"),
        ({"class_name": "HeNormal", "registered_name": "mine>HeNormal"}, "HeNormal is of 'mine'"),
        ({"class_name": "HeNormal", "module": "mine"}, "HeNormal is of 'mine'"),
        ({"class_name": "RandomNormal", "config": {"stddev": -1}}, "std=-1"),
        ({"class_name": "InitSpecInitializer", "config": {}}, "schema_version"),
    ],
    ids=str,
)
def test_what_is_not_read_says_why(initializer, message):
    """Each with what was given, and what to write."""
    with pytest.raises(InitSpecError, match=message):
        InitSpec.from_native(initializer)
