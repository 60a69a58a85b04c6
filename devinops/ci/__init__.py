"""What devinops knows about the CI systems that it runs in. Only `cli` imports this package."""
