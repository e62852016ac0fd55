"""Finance tasks for modaxfer: tables and news."""
