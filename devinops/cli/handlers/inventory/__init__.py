"""What the commands of `devinops inventory` do."""
