"""The platform: bots, their pages and what runs them. It never holds an exchange key."""
