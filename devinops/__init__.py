"""devinops: GitOps for Devin. Knowledge, playbooks and secrets as files, planned and applied."""

from devinops.version import this_version

__version__ = this_version()
