"""Scans and electronic results: files of a case, kept outside the database under the hash of their content."""
