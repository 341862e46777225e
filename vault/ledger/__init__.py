"""What was sent, what became of it, and which trades came of it. Each trade once, each generation alone."""
