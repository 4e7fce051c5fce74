"""Self-contained HTML pages: everything a page shows is inside its file, and it asks the network for nothing."""
