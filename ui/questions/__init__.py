"""Questions while they are answered: the queue for the model, the runner, snapshots and traces."""
