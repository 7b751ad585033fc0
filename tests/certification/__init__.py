"""1EdTech's certification suite for tools, and everything the stock library gets wrong, as tables of payloads."""
