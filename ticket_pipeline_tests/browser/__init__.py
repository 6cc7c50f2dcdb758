"""What a visitor sees: `<ticket-counter>` in a real Chromium."""
