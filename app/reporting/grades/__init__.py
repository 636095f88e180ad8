"""The nine indicators of Circular 01/2018/TT-VPCP, and the bands of units and officers."""
