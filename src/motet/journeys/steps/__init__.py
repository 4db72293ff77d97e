"""One file per step type: its args, what it does, and the form that the screen draws."""
