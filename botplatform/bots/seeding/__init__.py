"""Made-up rows that look like years of use, for measuring. Nothing ever trades on them."""
