"""devinops: GitOps for Devin. Knowledge, playbooks and secrets as files, planned and applied."""

__version__ = "0.1.0"
