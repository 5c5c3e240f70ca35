"""What developers run: the demo, the generator of checked-in text, the scaffold of a new tool."""
