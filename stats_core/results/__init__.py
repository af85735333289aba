"""Answers: the partial frame, its statistics and the endpoint's response."""
