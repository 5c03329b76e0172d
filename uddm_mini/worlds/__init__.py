"""Where sentences come from: a toy language with exact probabilities, and real text."""
