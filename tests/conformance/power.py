"""Which checks have a test of what they see, and that such a test asks them what they see."""

import functools

from initspec_conformance.checks import BATTERY

SIMULATED = set()
"""The checks whose power is simulated."""


def simulates(*names):
    """Declare that a test simulates the power of checks; those that its parameter `name` picks.

    The test fails where it does not compare the draws with `min_discrepancy` of such a check.
    """
    SIMULATED.update(names)

    def decorate(test):
        @functools.wraps(test)
        def wrapped(*arguments, **parameters):
            wanted = {parameters.get("name")} & set(names) or set(names)
            asked = set()
            checks = {name: BATTERY[name] for name in names}
            try:
                for name, check in checks.items():
                    check.min_discrepancy = _recorded(check.min_discrepancy, name, asked)
                test(*arguments, **parameters)
            finally:
                for check in checks.values():
                    vars(check).pop("min_discrepancy", None)
            assert asked >= wanted, f"{wanted - asked}: compare with min_discrepancy"

        return wrapped

    return decorate


def _recorded(method, name, asked):
    @functools.wraps(method)
    def recorded(*arguments, **parameters):
        asked.add(name)
        return method(*arguments, **parameters)

    return recorded
