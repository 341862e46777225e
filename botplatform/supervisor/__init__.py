"""Starts what `make run` starts, in order, watches it and ends it. Standard library only; imports none of it."""
