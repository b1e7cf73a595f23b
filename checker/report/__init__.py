"""What a check found, shown to a person or to a program."""
