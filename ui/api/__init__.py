"""The same answers for other programs: Gradio's API, MCP, Chat Completions."""
