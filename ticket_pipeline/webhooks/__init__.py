"""Webhooks of Wix's: verified, unwrapped, cut to what may be kept, and landed in the inbox."""
