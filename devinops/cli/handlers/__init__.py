"""What the commands do, one module each. Each is imported only when its command runs.

The modules beside this package declare the commands: options, arguments and help. Whoever asks for
help or completes a word waits only for those.
"""
