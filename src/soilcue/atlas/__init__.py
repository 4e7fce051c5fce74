"""Global runs: every model in every vegetated cell, and the numbers that sum them up."""
