"""`xfinder`: a small model trained to read answers (Yu et al., xFinder, ICLR 2025), asked through any `Complete`.

Written from the published prompt strings, for use with the published weights; nothing is vendored and no
weights are fetched unless a user names them.
"""
