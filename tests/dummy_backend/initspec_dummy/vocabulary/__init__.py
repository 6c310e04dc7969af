"""The words of Python's `random`: what its functions mean, and its line for a spec."""

from initspec import InitSpec, Normal
from initspec.backend import OUT_IN
from initspec.translate.authors import Reading, Vocabulary, built_in, call, none

RANDOM = Vocabulary("dummy", "Python's random", "random", (), OUT_IN)


@RANDOM.line("gauss", "normalvariate", topic="normal")
def _gauss(at, /, mu=0.0, sigma=1.0):
    return Reading(InitSpec.normal(sigma, mean=mu), OUT_IN)


def _normal(asked):
    if asked.spec.variance.takes_mode:
        return none("Python's random counts no fans")
    law = asked.spec.law((1,))
    return built_in(call("random.gauss", law.mean, law.std))


RANDOM.lines[Normal] = _normal
