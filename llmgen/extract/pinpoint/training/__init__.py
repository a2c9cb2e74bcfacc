"""How the weights of `pinpoint` are made: outputs invented from our own templates, and a log-linear fit."""
