"""SHAPES that cross the doorstep."""
