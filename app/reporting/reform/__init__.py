"""The outline of the reform report (đề cương báo cáo cải cách hành chính), with the figures that the records know."""
