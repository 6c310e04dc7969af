"""The tests, and what they share: laws and processes of their own."""
