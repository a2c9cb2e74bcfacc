"""`xfinder`: a small model trained to read answers, asked through any `Complete`.

Yu et al., "xFinder: Large Language Models as Automated Evaluators for Reliable Evaluation" (2024). Written
from the published prompt strings, for use with the published weights; nothing is vendored and no weights
are fetched unless a user names them.
"""
