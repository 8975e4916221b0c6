"""The life of a case: which posts open and move one, which steps a person may take. Pure functions of values."""
