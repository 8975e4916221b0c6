"""Fitting the sentiment heads on anyone's labelled posts. Needs the extra `train` (scikit-learn)."""
