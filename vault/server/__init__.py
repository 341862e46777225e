"""The signer's HTTP on its unix socket."""
