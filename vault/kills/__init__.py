"""The kill switch: who has stopped what, and since when."""
