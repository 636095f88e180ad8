"""Signatures of electronic documents (PDF): what they say, looked into when a file is stored."""
