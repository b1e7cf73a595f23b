"""Programs that measure what the project claims."""
