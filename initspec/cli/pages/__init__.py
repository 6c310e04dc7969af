"""What the commands print; a command without these modules parses its arguments and prints help."""
