"""Error rates and the tails of null laws."""
