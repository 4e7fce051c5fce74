"""Self-contained HTML pages: everything a page shows is inside its file, and it asks the network for nothing."""

from soilcue.report.atlas_page import atlas_page

__all__ = ["atlas_page"]
