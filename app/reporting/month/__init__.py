"""The report of a month's check (báo cáo kết quả kiểm tra): its figures, its paper, its pages and files."""
