"""Rows and templates to one self-contained HTML file each: no script, nothing loaded, readable offline."""
