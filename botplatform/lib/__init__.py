"""Small things that every part of the platform leans on."""
