"""What screens share. A component is a module with a function that draws it and returns what the reader chose."""
