"""The live counter: values in memory, pushed to browsers."""
