"""Text work that the enrichers share: characters, HTML, mail, quoting, boilerplate, glued words, sentences."""
