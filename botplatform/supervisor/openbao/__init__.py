"""The embedded OpenBao: made on the first start, unsealed on every start, with no root token left behind."""
