"""Things that predict: (xt, t) -> log p0."""
