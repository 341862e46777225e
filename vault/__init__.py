"""The vault: it holds no strategy and trusts none. It checks, signs and sends each order, and keeps the books."""
