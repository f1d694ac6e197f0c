"""Computes the account again in SQL, from what an export says of each mention and each line, and compares.

It shares no code with what wrote the account: conventions are told by their numbers in ``streams/README.md``.
"""
