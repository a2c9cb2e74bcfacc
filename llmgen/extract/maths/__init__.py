"""When two mathematical values are equal: a ladder of cheap steps, then math-verify in a child process.

`climb` and `canonical` need no process; `verifier.Verifier` asks the child and kills it when its time is up.
"""

from llmgen.extract.maths.ladder import Percent, Step, canonical, climb
from llmgen.extract.maths.numbers import Number
from llmgen.extract.maths.quantities import Quantity, quantity, stated
from llmgen.extract.maths.strip import closing_brace, strip

__all__ = [
    "Number",
    "Percent",
    "Quantity",
    "Step",
    "canonical",
    "climb",
    "closing_brace",
    "quantity",
    "stated",
    "strip",
]
