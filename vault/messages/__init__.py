"""The words that cross the signer's socket. Both sides know them; nothing in here can sign or send."""
