"""Text rules that graders and extractors share: when two spellings say the same thing.

`fold` removes what never carries meaning (markup, case, outer quotes); `read` splits folded text into
tokens, numbers and units in one spelling each; `replies` knows abstentions and yes/no.
"""

from llmgen.text.dates import is_year, without_dates
from llmgen.text.folding import fold, without_answer_prefix
from llmgen.text.numbers import is_number
from llmgen.text.reading import Reading, read, split_tokens
from llmgen.text.reasoning import without_reasoning
from llmgen.text.replies import is_abstention, yes_or_no
from llmgen.text.surrogates import without_surrogates

__all__ = [
    "Reading",
    "fold",
    "is_abstention",
    "is_number",
    "is_year",
    "read",
    "split_tokens",
    "without_answer_prefix",
    "without_dates",
    "without_reasoning",
    "without_surrogates",
    "yes_or_no",
]
