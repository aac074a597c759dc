"""The pages, driven through a real browser against the running local cloud."""
