"""Item response theory: difficulties of items and abilities of models on one scale.

Read in this order: `items` (the model), `responses` (the data, checked), `design` (what they can say),
`grid` (nodes), `expectation` and `maximisation` (one EM cycle), `em` (identification, acceleration,
stopping), `likelihood`, `abilities`, `standard_errors`, `fit`, which calls all of them, and `parts` for
designs that fall apart. On a fit stand `item_fit`, `model_fit`, `audit`, `linking` and `drift`.
"""
