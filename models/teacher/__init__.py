"""What a small sentence encoder knows of words in context, kept as a table: see README.md beside this file."""
