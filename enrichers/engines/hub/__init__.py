"""The engines of the `hub` profile: models of the Hugging Face hub by name and revision, or from a local folder."""
