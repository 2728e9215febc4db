"""Generated tables whose structure is known, and how much of it networks tell rightly."""
