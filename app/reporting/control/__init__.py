"""The reports of control of procedures (kiểm soát TTHC): form II.06a and the summary by unit."""
