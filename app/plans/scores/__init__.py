"""Score tables (bảng chấm điểm chỉ số cải cách hành chính): criteria, self-scores, findings, the year's result."""
