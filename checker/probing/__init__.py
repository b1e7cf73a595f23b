"""What students' code could do here, found by having harmless code of ours try it in their place."""
