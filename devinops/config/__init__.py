"""devinops.yaml, and the settings of each target."""
