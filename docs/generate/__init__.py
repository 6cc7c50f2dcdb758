"""Makes the parts of the pages that the code knows best: `python -m docs.generate` writes them anew."""
