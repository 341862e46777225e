"""The vault on PostgreSQL: which server, and transactions that are alone, as SQLite's are."""
