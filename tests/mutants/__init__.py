"""Deliberate mistakes in the account, and the tests that must notice each of them."""
