from devinops.cli import run

run()
