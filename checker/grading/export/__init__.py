"""What a run leaves for people and for other programs: all of it made again from the store, at any time."""
