"""Sentiment tasks on reviews and tweets for modaxfer."""
