"""How far seeds spread."""
