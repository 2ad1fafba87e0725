"""APIs for other programs: Chat Completions, the Model Context Protocol, and Gradio's own."""
