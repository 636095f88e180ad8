"""The forms the law prescribes (TT 01/2018/TT-VPCP, TT 03/2025/TT-VPCP): as pages, Word documents and PDF."""
