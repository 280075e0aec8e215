"""Conversations as text and ids: messages, the prompt format, replies, tokens. Never torch."""
