"""The coordinate check: how much each layer moves in its first steps, and how that grows with width or depth."""
