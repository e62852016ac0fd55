"""Why a saved model says what it says of a row, and which of its fields it needs; each beside a check of itself."""
