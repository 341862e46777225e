"""Pages that change by themselves: one broadcaster a process looks and listens, many readers share what it sees."""
