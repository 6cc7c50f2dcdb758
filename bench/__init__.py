"""The benches: what the pipeline costs, measured; `python -m bench`."""
