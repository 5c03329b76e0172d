"""The diffusion process: noise, objective and the way back."""
