"""What the commands do, one module each. Each is imported only when its command runs.

The modules beside this package declare the commands: options, arguments and help. So only those
are imported to show help or to complete a word.
"""
