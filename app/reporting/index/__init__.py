"""The index of Decision 766/QĐ-TTg (bộ chỉ số phục vụ người dân, doanh nghiệp) for the Department's own cases."""
