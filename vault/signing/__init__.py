"""Building an exchange's requests, checking what was built, and sending it. Nothing signed ever leaves this process."""
