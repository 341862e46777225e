"""Scripts behind the Makefile; none of them is needed while the product runs."""
