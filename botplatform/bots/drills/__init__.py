"""Fire drills: what goes into one, and how it is told."""
