"""Records arranged so that a request costs milliseconds, however many there are."""
