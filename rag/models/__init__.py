"""Language and embedding models, embedded or on an OpenAI-compatible server.

Start at `provider.ModelProvider`, which gives the chat model, and `embeddings.build_embedder`.
`fitted_weights` reads the small fitted models of other packages.
"""
