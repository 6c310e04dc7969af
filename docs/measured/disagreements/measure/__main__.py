"""`python -m docs.measured.disagreements.measure PLACE` prints one place's numbers as JSON on one line."""

import json
import sys

from docs.measured.disagreements.measure import measure

print(json.dumps(measure(sys.argv[1])))
