"""Where requests leave: cached -> budgeted -> fan-out -> retrying -> routed -> limited -> provider."""
