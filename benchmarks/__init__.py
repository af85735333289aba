"""How fast stats_core is beside what a user would pick instead: `python -m benchmarks`."""
