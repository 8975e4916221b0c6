"""The same complaint told elsewhere, copied texts and bursts of alike praise: pure decisions over a bounded memory."""
