"""Cases from and to another system, message by message, in the national exchange shape (DongBoHoSoMC) as JSON.

What comes in goes through the same door as every import: a message is a row of the mapping `quoc-gia`.
"""
