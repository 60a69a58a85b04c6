"""What the command line accepts: commands, options, arguments, and what completes them."""
