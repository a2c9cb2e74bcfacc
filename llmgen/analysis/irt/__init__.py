"""Item response theory: difficulties of items and abilities of models on one scale.

Read in this order: `items` (the model), `responses` (the data, checked), `design` (what they can say),
`grid` (nodes), `expectation` and `maximisation` (one EM cycle), `em` (identification, acceleration,
stopping), `likelihood`, `abilities`, `standard_errors`, and `fit`, which calls all of them.
"""
