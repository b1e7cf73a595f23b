"""Many submissions at once: read without trust, graded by judges that may die, kept in a store that may not."""
