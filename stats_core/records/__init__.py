"""Records of any form to one canonical frame."""
