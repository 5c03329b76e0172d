"""Things that measure any denoiser."""
