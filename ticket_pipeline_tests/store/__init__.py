"""What is remembered, on real databases."""
