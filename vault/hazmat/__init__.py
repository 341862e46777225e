"""Key material. Everything that touches the bytes of a key is in here, and looks dangerous on purpose."""
