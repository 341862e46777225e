"""Sums that are kept as deals go on and close, so that no page has to add up a year of them."""
