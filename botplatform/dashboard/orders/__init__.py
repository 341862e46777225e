"""All orders of one person."""
