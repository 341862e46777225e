"""The pages: what a trader sees and presses."""
