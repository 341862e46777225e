"""One bot: its page, its chart, what one can ask of it, and how to make one."""
