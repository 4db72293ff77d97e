"""One file per kind of step: how documents write it, and what it compiles to."""
