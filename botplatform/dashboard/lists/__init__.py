"""What lists have in common: filters in the address, columns to sort by, pages, and the same rows as a file."""
