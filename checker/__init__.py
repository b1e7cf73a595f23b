"""The xor-check program: it draws inputs, asks a student's functions, and says what holds."""
