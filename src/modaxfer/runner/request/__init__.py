"""From what a user asks for to the resolved tasks that will be run, or a refusal; nothing here loads a weight."""
