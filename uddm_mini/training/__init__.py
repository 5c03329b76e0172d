"""The training loop, checkpoints and the dataset-size sweep."""
