"""What does the work behind an enricher: translation and embedding engines, each behind one shape in `base`."""
