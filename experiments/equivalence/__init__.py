"""Brian2 against torch: every option of the descriptions, every state and weight, every step."""
