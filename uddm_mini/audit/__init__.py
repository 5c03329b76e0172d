"""What an auditor asks of a denoiser: who was in its training text, and what of it comes out again."""
