"""The sandbox tells its subscribers what happened, signed and repeated as Wix does."""
