"""What `devinops init` and others write to set up a project."""
